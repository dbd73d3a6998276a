"""What people write to the shop: a few German sentences of each kind.

Decides wording alone. Must never name a real person, company or address.
"""

CASES: dict[str, tuple[tuple[str, str], ...]] = {
    "question": (
        ("Frage zur Größe", "Guten Tag, fällt der Schnitt eher klein aus? Ich trage sonst 38."),
        ("Wann kommt mein Paket?", "Hallo, wann ist denn mit meiner Lieferung zu rechnen?"),
        ("Pflegehinweis", "Darf die Decke in den Trockner? Auf dem Etikett steht nichts."),
    ),
    "complaint": (
        (
            "Lieferung zu spät",
            "Mir wurde die Lieferung fest zugesagt, und nichts ist gekommen. Sehr ärgerlich!",
        ),
        ("Immer noch kein Paket", "Seit Tagen warte ich. Bitte kümmern Sie sich endlich darum."),
        ("Enttäuscht", "Das Geschenk kam nach dem Geburtstag an. So geht es nicht."),
    ),
    "praise": (
        ("Danke!", "Alles bestens, schnelle Lieferung und sehr schöne Qualität."),
        ("Lob an Ihr Team", "Ihre Kollegin am Telefon war überaus freundlich. Vielen Dank!"),
    ),
    "request": (
        ("Rechnungskopie", "Bitte senden Sie mir die Rechnung noch einmal zu."),
        ("Adresse ändern", "Ich ziehe um, bitte ändern Sie meine Anschrift."),
    ),
}
ANSWER = "Vielen Dank für Ihre Nachricht. Wir haben uns darum gekümmert und melden uns, sobald es Neues gibt."
POSTS: dict[str, tuple[str, ...]] = {
    "question": ("@shop gibt es die Jacke auch in Grün?", "Weiß jemand, ob @shop nach Österreich liefert?"),
    "complaint": (
        "@shop seit einer Woche kein Paket, niemand antwortet.",
        "Nie wieder @shop, Naht nach 3 Tagen auf.",
    ),
    "praise": ("Mein neues Leinenkleid von @shop ist ein Traum!", "Große Liebe für die Wolldecke von @shop."),
}
