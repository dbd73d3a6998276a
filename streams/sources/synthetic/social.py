"""Social networks: mentions, comments, messages and follows under a handle.

Decides what people post. Must never tell whose handle it is, unless they write their e-mail address.
"""

from __future__ import annotations

from streams.sources.synthetic.parameters import HOUR
from streams.sources.synthetic.people import Person
from streams.sources.synthetic.shop import Shop
from streams.sources.synthetic.texts import ANSWER, POSTS

KINDS = ("question", "complaint", "praise")


def post(shop: Shop, person: Person, at: int) -> None:
    """One act of a person with a handle on the network."""
    chance = shop.chance
    kind = chance.choice(KINDS)
    who = {"social_handle": person.handle, "display_name": person.first_name}
    said = {"kind": kind, "text": chance.choice(POSTS[kind])}
    match chance.choice(("mention", "comment", "message", "follow")):
        case "mention":
            shop.tell("social/standard/mention", at, post_id=chance.token(), **who, **said)
        case "comment":
            ids = {"comment_id": chance.token(), "post_id": f"post-{chance.between(1, 40)}"}
            shop.tell("social/standard/comment", at, **ids, **who, **said)
        case "message":
            email = shop.mistakes.email(person) if chance.happens(0.4) else None
            talk = {"conversation_id": chance.token(), **who}
            asked = {"message_id": chance.token(), "direction": "in", "email": email}
            shop.tell("social/standard/message", at, **asked, **talk, **said)
            answer = {"message_id": chance.token(), "direction": "out", "text": ANSWER}
            shop.tell("social/standard/message", at + chance.wait(5 * HOUR), **answer, **talk)
        case "follow":
            followed = chance.happens(0.85)
            shop.tell("social/standard/follow", at, account="@shop", followed=followed, **who)
