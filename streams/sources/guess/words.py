"""The words that names of columns are made of, German and English, without signs: `Kunden-Nr.` is kundennr.

Decides nothing: what follows from a word is said where it is used. Must never hold a rule.
"""

from __future__ import annotations


def word_set(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


def word_list(text: str) -> tuple[str, ...]:
    """The words of a text, as `str.startswith` takes them."""
    return tuple(text.split())


KINDS = {
    "customer_no": word_set(
        "kundennr customer customerid customernumber customerno customernr kunde kundenid kundeid "
        "kundennummer kundenno kundnr kdnr kdnummer kdno debitor debitornr debitorennr "
        "debitorennummer debitorid clientno"
    ),
    "user_id": word_set("user userid username login loginname accountid benutzer benutzerid benutzername"),
    "email": word_set(
        "email emailaddress emailadresse mail mailadresse mailaddress useremail customeremail kundenemail"
    ),
    "phone": word_set(
        "phone phonenumber phoneno telephone tel telnr telefon telefonnr telefonnummer mobile mobil "
        "mobilnr mobilenumber mobiltelefon handy handynr handynummer cellphone rufnummer"
    ),
    "device_id": word_set("deviceid anonymousid visitorid cookieid gaclientid installationid"),
    "order": word_set(
        "order orderid orderno ordernr ordernumber bestellung bestellid bestellnr bestellnummer "
        "bestellungsnr auftrag auftragsnr auftragnr auftragsnummer auftragid"
    ),
    "ticket": word_set("ticket ticketid ticketno ticketnr ticketnumber ticketnummer caseid casenumber"),
    "crm_contact": word_set("contactid kontaktid leadid crmid crmcontactid"),
}
TRAITS = {
    "salutation": word_set("salutation anrede"),
    "first_name": word_set("firstname givenname forename vorname"),
    "last_name": word_set("lastname surname familyname nachname familienname zuname"),
    "birth_date": word_set("birthdate birthday dateofbirth dob geburtsdatum gebdatum geburtstag gebdat"),
    "company": word_set("company companyname firma firmenname"),
    "street": word_set(
        "str street street1 streetaddress addressline1 address1 strasse strassehausnr strassenr"
    ),
    "postal_code": word_set("postalcode postcode zip zipcode plz postleitzahl"),
    "city": word_set("city town ort wohnort stadt"),
    "country": word_set("country countrycode land landcode laendercode landkz lkz"),
    "language": word_set("language lang locale sprache sprachcode"),
}
CARDS = word_set(
    "card cardno cardnr cardid cardnumber loyaltycard loyaltycardno loyaltyid loyaltyno karte "
    "kartennr kartenid kartennummer kundenkarte kundenkartennr kundenkartennummer bonuskarte "
    "bonuskartennr member memberid memberno membernr membernumber mitglied mitgliedsnr "
    "mitgliedsnummer mitgliedid"
)
DIRECT = word_set(
    "name fullname displayname kundenname customername ansprechpartner kontaktperson iban bic "
    "kontoinhaber adresse address anschrift ip ipaddress ipadresse signature unterschrift"
)
TEXTS = word_set(
    "text note notes notiz bemerkung bemerkungen kommentar comment comments message nachricht body "
    "feedback freitext anmerkung remark remarks betreff subject review rezension beschreibung"
)
EVENT_IDS = word_set("id eventid eventuuid messageid uuid guid uid recordid")
DOCUMENTS = (
    KINDS["order"]
    | KINDS["ticket"]
    | word_set(
        "beleg belegnr belegnummer belegid rechnung rechnungsnr rechnungnr rechnungsnummer invoiceid "
        "invoiceno invoicenumber transactionid transactionno transaktionsnr transaktionsid txid "
        "paymentid zahlungsnr buchungsnr buchungsnummer vorgang vorgangsnr vorgangsnummer bonnr "
        "bonnummer receiptno receiptid"
    )
)
CURRENCIES = word_set("currency currencycode waehrung waehrungcode waehrungskz wkz curr iso4217")
TIMES = word_set(
    "date occurredat eventtime eventtimestamp eventdate eventat timestamp zeitstempel zeitpunkt "
    "happenedat time ts datetime datumzeit datum zeit tag day"
)
SEQUENCES = word_set("sequence seq version revision versionsnr")
OWNERS = word_set(
    "customer kunde user contact rechnung kunden billing rechnungs kontakt person account profile"
)
# A word of the name is one of these, or the name ends in one of the longer ones.
MONEY = word_list(
    "amount betrag price preis total summe umsatz revenue netto brutto net gross tax steuer mwst ust "
    "vat cost kosten rabatt discount gebuehr fee saldo eur usd chf gbp warenwert value wert spent "
    "subtotal"
)
COUNTS = word_list(
    "points punkte quantity qty menge anzahl stueck units items count credits minutes minuten stars "
    "sterne visits besuche"
)
RATES = word_list("rate satz prozent percent pct gewicht weight kg laenge length faktor factor")
CODES = word_list("id nr no nummer number code key uuid guid sku ean gtin isbn iban plz zip konto kst")
# A word of the name begins with one of these.
CHANGED = word_list("changed updated modified geaendert aenderung letzteaenderung aendat mutation")
OTHER_TIMES = word_list("birth geb due faellig deliver liefer valid gueltig expir ablauf until bis")
OTHERS = word_list(
    "shipping liefer versand delivery recipient empfaenger gift geschenk referr werber geworben agent "
    "seller verkaeufer bearbeiter sachbearbeiter vertreter supplier lieferant employee mitarbeiter "
    "product produkt artikel article item store filiale campaign kampagne brand ship shop"
)
CATEGORIES = word_list(
    "status typ type art kategorie category channel kanal currency waehrung land country language "
    "sprache reason grund filiale store unit einheit state action"
)
