"""The mistakes of a caller, one class each: what was expected, where, and never a personal value.

What the SOP answers is no mistake: a refusal is a value (`engine.command.Refused`).
"""

from __future__ import annotations

from typing import ClassVar, Self

from engine.text import Text


class GongdanError(Exception):
    """Base of all errors of this package. `text` is the message in both languages, `facts` its parts."""

    words: ClassVar[Text] = Text(zh="{reason}", en="{reason}")

    def __init__(self, **facts: object) -> None:
        """Keep the parts and build the message from the words of the class."""
        self.facts = facts
        self.text = self.words.render(facts)
        super().__init__(f"{self.text.en} / {self.text.zh}")

    def __reduce__(self) -> tuple[object, ...]:
        """Errors cross process borders whole."""
        return _rebuild, (type(self), self.facts)

    @classmethod
    def of(cls, facts: dict[str, object]) -> Self:
        """The same error from its parts."""
        return cls(**facts)


def _rebuild(kind: type[GongdanError], facts: dict[str, object]) -> GongdanError:
    return kind.of(facts)


class BadCommand(GongdanError):
    """A command that cannot be read: a wrong type, an unknown field, a malformed id."""

    words = Text(zh="命令无法读取：{where} 应为 {expected}。", en="Bad command: {where} should be {expected}.")


class UnknownCommand(GongdanError):
    """A command name that the workflow does not have."""

    words = Text(
        zh="流程 {workflow} 没有命令“{name}”；应为：{expected}。",
        en="Workflow {workflow} has no command '{name}'; expected one of: {expected}.",
    )


class UnknownProfile(GongdanError):
    """A profile name that the catalogue does not have."""

    words = Text(zh="没有品牌口径“{name}”；应为：{expected}。", en="No profile '{name}'; expected one of: {expected}.")


class BadProfile(GongdanError):
    """A profile that contradicts the catalogue."""

    words = Text(
        zh="口径 {profile} 有误：{where} 应为 {expected}。",
        en="Profile {profile}: {where} should be {expected}.",
    )


class CaseNotFound(GongdanError):
    """No case of this id in this shop."""

    words = Text(zh="门店 {shop} 没有单号 {case}。", en="Shop {shop} has no case {case}.")


class CaseExists(GongdanError):
    """A case of this id was opened before, by another command."""

    words = Text(zh="门店 {shop} 的单号 {case} 已存在。", en="Case {case} of shop {shop} exists already.")


class StaleVersion(GongdanError):
    """The caller decided on an older version of the case than the current one."""

    words = Text(
        zh="单号 {case} 应为版本 {expected}，现为版本 {actual}；请重新读取后再试。",
        en="Case {case}: expected version {expected}, it is at {actual}; read it again and retry.",
    )


class CommandConflict(GongdanError):
    """A command id was used before, for something else."""

    words = Text(
        zh="命令编号 {command} 已用于另一内容（单号 {case}）；新内容须用新编号。",
        en="Command id {command} was used before with other content (case {case}); new content needs a new id.",
    )


class RulesUnknown(GongdanError):
    """A rules digest, or a clause or event that a stored body names, is not known here."""

    words = Text(zh="规则未知：{what}。", en="Rules unknown: {what}.")


class BadJournal(GongdanError):
    """A journal file or entry that cannot be read, or whose seals do not hold."""

    words = Text(zh="日志第 {line} 行：应为 {expected}。", en="Journal line {line}: expected {expected}.")


class BadScenario(GongdanError):
    """A scenario file that cannot be read."""

    words = Text(zh="场景 {file}：{where} 应为 {expected}。", en="Scenario {file}: {where} should be {expected}.")


class StoreUnavailable(GongdanError):
    """The database cannot be opened, read or written."""

    words = Text(zh="数据库不可用（{url}）：{reason}。", en="The database is not available ({url}): {reason}.")


class Contended(GongdanError):
    """Other writers kept winning the race for one case."""

    words = Text(
        zh="单号 {case} 正被他人频繁写入，{attempts} 次尝试均未成功；请稍后再试。",
        en="Case {case} is being written by others; {attempts} attempts were lost. Try again.",
    )
