"""The mistakes of a caller, one class each: what was expected, where, and never a personal value.

What the SOP answers is no mistake: a refusal is a value (`engine.command.Refused`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self

from engine.text import Text


class GongdanError(Exception):
    """Base of all errors of this package. `text` is the message in both languages, `facts` its parts.

    `codes` spells out the codes that a part may be.
    """

    words: ClassVar[Text] = Text(zh="{reason}", en="{reason}")
    codes: ClassVar[Mapping[str, Text]] = {}

    def __init__(self, **facts: object) -> None:
        """Keep the parts and build the message from the words of the class."""
        self.facts = facts
        self.text = self.words.render(facts, self.codes)
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
    codes: ClassVar[Mapping[str, Text]] = {
        said.en: said
        for said in (
            Text("空缺：没有此字段", "left out: no such field"),
            Text("必填", "given"),
            Text("true 或 false", "a valid boolean"),
            Text("整数", "a valid integer"),
            Text("文字", "a valid string"),
            Text("列表", "a valid tuple"),
            Text("列表", "a valid frozenset"),
            Text("一组字段", "a valid dictionary"),
            Text(
                "金额文字，至多两位小数，如 '1280.50'", "an amount as text with at most two decimals, such as '1280.50'"
            ),
            Text(
                "带时区的时间，如 '2026-11-22T09:00:00+08:00'",
                "a time with its zone, such as '2026-11-22T09:00:00+08:00'",
            ),
            Text("带时区的时间", "a time with its zone"),
            Text("日期，如 '2027-05-22'", "a date, such as '2027-05-22'"),
            Text("明文；承诺值只由日志持有", "a value in clear; only a journal holds commitments"),
            Text("至多 4000 字的有效文字", "valid text of at most 4000 characters"),
            Text("至多两位小数的金额", "no more than 2 decimal places"),
            Text("至少一条", "at least one"),
            Text("accepted（接受）或 refused（拒绝）", "accepted or refused"),
            Text("一组取值", "a list of values"),
            Text("now、first 或带时区的时间", "now, first or a time with its zone"),
            Text("编号：1 至 100 个 A-Z a-z 0-9 . _ : @ / + -", "an opaque id: 1 to 100 of A-Z a-z 0-9 . _ : @ / + -"),
        )
    }


class UnknownCommand(GongdanError):
    """A command name that the workflow does not have."""

    words = Text(
        zh="流程 {workflow} 没有命令“{name}”；应为：{expected}。",
        en="Workflow {workflow} has no command '{name}'; expected one of: {expected}.",
    )


class EarlierRules(UnknownCommand):
    """A command that the workflow has by now, on a case that is pinned to rules from before; nothing was written."""

    words = Text(
        zh="本单按开立时的规则办理，其中还没有“{name}”（流程 {workflow}）；未写入任何内容。"
        "请另开新单；台账随门店，须用新的门店编号。",
        en="This case goes by the rules it was opened under, which had no '{name}' yet (workflow {workflow}); nothing "
        "was written. Open a new case; a ledger comes with its shop, so that takes a shop with a new id.",
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


class NotRevealed(GongdanError):
    """Personal values were not given out: the ledger refused, and has recorded that."""

    words = Text(zh="未给出个人信息：{reason}", en="Personal data not revealed: {reason}")


class NotExported(GongdanError):
    """No bundle left the house: the log's own ledger refused, and has recorded that."""

    words = Text(zh="未导出：{reason}", en="Not exported: {reason}")


class BadKey(GongdanError):
    """Checkpoints of this log are signed by another key, or by one more."""

    words = Text(
        zh="签名密钥不符：应为 {expected}，给出的是 {actual}。换密钥：gongdan checkpoint rotate",
        en="Not the signing key: expected {expected}, got {actual}. To change keys: gongdan checkpoint rotate",
    )


class NameTaken(GongdanError):
    """Another log was signed under this name: its journal was brought in, and this one needs a name of its own."""

    words = Text(
        zh="日志名 {name} 属于另一个日志，其条目是导入的；新日志须另取名：gongdan checkpoint keygen --name",
        en="{name} is the name of another log, whose entries were brought in. This one needs another: "
        "gongdan checkpoint keygen --name",
    )


class Restricted(NotRevealed):
    """Personal values are only stored until they are erased: nobody gets them, and nothing is recorded."""


class LedgerRefused(GongdanError):
    """Nothing was restricted, erased, held or lifted: the shop's ledger refused, and has recorded that."""

    words = Text(zh="台账拒绝：{reason}", en="The ledger refused: {reason}")


class RulesUnknown(GongdanError):
    """A rules digest, or a clause or event that a stored body names, is not known here."""

    words = Text(zh="规则未知：{what}。", en="Rules unknown: {what}.")


class BadJournal(GongdanError):
    """A journal file or entry that cannot be read, or whose seals do not hold."""

    words = Text(zh="日志第 {line} 行：应为 {expected}。", en="Journal line {line}: expected {expected}.")
    codes: ClassVar[Mapping[str, Text]] = {
        "entry": Text(zh="一条日志", en="an entry"),
        "canonical": Text(zh="一条日志的规范字节", en="the canonical bytes of an entry"),
        "new-command": Text(zh="本门店未用过的命令编号", en="a command id that is new to its shop"),
    }


class BadScenario(GongdanError):
    """A scenario file that cannot be read."""

    words = Text(zh="场景 {file}：{where} 应为 {expected}。", en="Scenario {file}: {where} should be {expected}.")


class StoreUnavailable(GongdanError):
    """The database cannot be opened, read or written."""

    words = Text(zh="数据库不可用（{url}）：{reason}。", en="The database is not available ({url}): {reason}.")
    codes: ClassVar[Mapping[str, Text]] = {
        "url": Text(
            zh="不是数据库地址，应形如 sqlite:///文件 或 postgresql+psycopg://用户@主机/库",
            en="not a database URL; expected one such as sqlite:///file or postgresql+psycopg://user@host/database",
        ),
        "dialect": Text(zh="不支持这种数据库，应为 sqlite 或 postgresql", en="expected sqlite or postgresql"),
        "driver": Text(zh="未安装这种数据库的驱动", en="the driver of this database is not installed"),
        "schema": Text(zh="只有 postgresql 才有 schema", en="only postgresql has schemas"),
        "permission": Text(zh="没有权限", en="no right to it"),
        "connection": Text(
            zh="连接已断，是否已记录尚不可知；请用同一命令编号再试",
            en="the connection was lost; whether it was recorded is not known: try again with the same command id",
        ),
        "connections": Text(zh="没有空闲连接，稍后再试", en="no connection is free; try again later"),
        "unreachable": Text(
            zh="连接不上数据库服务器：未启动、地址有误，或拒绝连接",
            en="no connection to its server: it does not run, is not there, or refuses",
        ),
        "collision": Text(
            zh="与另一事务冲突；请回滚，并把整个事务重做一遍",
            en="the transaction collided with another one: roll it back and do all of it again",
        ),
        "closed": Text(zh="传入的连接已关闭", en="the connection that was passed is closed"),
        "same thread": Text(zh="传入的连接属于另一线程", en="the connection that was passed belongs to another thread"),
        "asynchronous": Text(
            zh="异步驱动只可在 run_sync 内使用；引擎须用同步地址",
            en="an asynchronous driver works inside run_sync only; the engine needs a synchronous URL",
        ),
        "transaction failed": Text(zh="事务已失败，须先回滚", en="its transaction has failed and must be rolled back"),
        "locked": Text(zh="被其他程序锁住，稍后再试", en="another program has locked it; try again later"),
        "readonly": Text(zh="只可读取，不可写入", en="it can be read but not written"),
        "full": Text(zh="磁盘已满", en="the disk is full"),
        "disk i/o": Text(zh="磁盘读写失败", en="the disk could not be read or written"),
        "encoding": Text(
            zh="数据库的编码没有其中的字；应为 UTF-8",
            en="its encoding has no such letters; a database should be in UTF-8",
        ),
        "unable to open": Text(
            zh="打不开：文件或目录不存在，或无权访问；新库由 gongdan db upgrade 建立",
            en="it cannot be opened: no such file or folder, or no right to it; `gongdan db upgrade` makes a new one",
        ),
        "not a database": Text(zh="该文件不是数据库", en="the file is not a database"),
        "malformed": Text(zh="数据库文件已损坏", en="the database file is damaged"),
        "no such database": Text(
            zh="没有这个数据库，请宿主先建好", en="there is no such database; the host makes it first"
        ),
        "no such schema": Text(
            zh="其中没有这个 schema，请宿主先建好", en="it lacks the schema; the host makes it first"
        ),
        "already exists": Text(
            zh="其中已有同名的表，却没有表结构版本", en="it has tables of these names already, and no revision"
        ),
        "no such table": Text(
            zh="其中缺少数据表，请运行 gongdan db upgrade", en="it lacks a table; run `gongdan db upgrade`"
        ),
    }


class OtherSchema(StoreUnavailable):
    """The database has the tables of another version of the package, or none."""

    words = Text(
        zh="数据库不可用（{url}）：表结构应为 {expected}，实为 {actual}；{remedy}。",
        en="The database is not available ({url}): its tables should be at {expected}, they are at {actual}; {remedy}.",
    )
    codes: ClassVar[Mapping[str, Text]] = {
        "none": Text(zh="无", en="none"),
        "upgrade": Text(zh="请运行 gongdan db upgrade", en="run `gongdan db upgrade`"),
        "install": Text(zh="请安装新版 gongdan", en="install the newer gongdan that made them"),
    }


class BadConnection(GongdanError):
    """A host's connection that cannot be used."""

    words = Text(zh="传入的连接应为 {expected}，实为 {actual}。", en="connection should be {expected}, it is {actual}.")
    codes: ClassVar[Mapping[str, Text]] = {
        "sqlalchemy": Text(zh="SQLAlchemy 的 Connection 或 Session", en="a Connection or Session of SQLAlchemy"),
        "sync": Text(zh="run_sync 内的同步连接", en="the synchronous one inside run_sync"),
        "utf-8": Text(zh="UTF-8 编码", en="encoded in UTF-8"),
        "transaction": Text(zh="处于事务中", en="in a transaction"),
        "autocommit": Text(zh="自动提交", en="in autocommit"),
    }


class Contended(GongdanError):
    """Other writers kept winning the race for one case."""

    words = Text(
        zh="单号 {case} 正被他人频繁写入，{attempts} 次尝试均未成功；请稍后再试。",
        en="Case {case} is being written by others; {attempts} attempts were lost. Try again.",
    )


class BadLog(GongdanError):
    """A tile of the log's tree or a page of its map of heads that is not there, cut short or misshapen."""

    words = Text(zh="日志的证明数据已损坏：{what}。", en="What proves the log is damaged: {what}.")


class NoCheckpoint(GongdanError):
    """A log whose last checkpoint nobody has signed, or that has none."""

    words = Text(
        zh="账本没有已签名的最新检查点，无从对照。请先运行 gongdan checkpoint now。",
        en="The log has no signed last checkpoint to be held against. Run gongdan checkpoint now first.",
    )


class LetterNotFound(GongdanError):
    """Nothing of this number waits in the outbox, or it is not dead where only a dead letter will do."""

    words = Text(
        zh="发件箱没有信件 {letter}，或它并非死信。", en="The outbox has no letter {letter}, or it is not a dead one."
    )


class BadSettings(GongdanError):
    """A setting that cannot be used: an unknown adapter, a bad URL, a missing secret. Never shows the value."""

    words = Text(zh="设置 {where} 有误：应为 {expected}。", en="Setting {where} should be {expected}.")


class Undelivered(GongdanError):
    """An adapter could not carry an entry out; it is tried again later.

    `reason` is for whoever runs the delivery: a code or a few words, never a personal value or a secret.
    `retry_after` is how many seconds the receiver asked to be left alone, if it did.
    """

    words = Text(zh="未送达：{reason}。", en="Not delivered: {reason}.")

    def __init__(self, reason: str, *, retry_after: float | None = None) -> None:
        """Say why, and when to try again at the earliest."""
        super().__init__(reason=reason, **({} if retry_after is None else {"retry_after": retry_after}))
        self.reason = reason
        self.retry_after = retry_after


class Undeliverable(Undelivered):
    """No further try would help: the receiver will not have this entry. It becomes a dead letter at once."""


class ReceiverGone(Undelivered):
    """The receiver wants nothing more: the whole adapter rests until somebody starts it again."""
