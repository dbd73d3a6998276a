"""The names that a cluster knows our topics by.

Decides how a place of ours and a partition of the cluster are one. Must never change what a topic is called
in the store.
"""

from __future__ import annotations

from collections.abc import Mapping

from aiokafka import TopicPartition

from streams.core.model import Place


class Names:
    """Topics of ours and their names there."""

    def __init__(self, there: Mapping[str, str]) -> None:
        """`there` maps a topic of ours to its name in the cluster."""
        self.topics = sorted(there)
        self._there = dict(there)
        self._here = {name: topic for topic, name in there.items()}

    def there(self, topic: str) -> str:
        """The name in the cluster."""
        return self._there.get(topic, topic)

    def here(self, name: str) -> str:
        """Our name of a topic of the cluster."""
        return self._here.get(name, name)

    def place_there(self, place: Place) -> Place:
        """A place by its name in the cluster."""
        return place._replace(topic=self.there(place.topic))

    def partition(self, place: Place) -> TopicPartition:
        """A place as aiokafka calls it."""
        return TopicPartition(self.there(place.topic), place.partition)
