"""People: notifications by rules, over the channels that people already read."""

from adapters.outbound.people.channels import Sms
from adapters.outbound.people.directory import Directory, Listed, ListedPeople, Person
from adapters.outbound.people.people import People
from adapters.outbound.people.rules import Limit, Quiet, Rule, Rulebook, Template

__all__ = [
    "Directory",
    "Limit",
    "Listed",
    "ListedPeople",
    "People",
    "Person",
    "Quiet",
    "Rule",
    "Rulebook",
    "Sms",
    "Template",
]
