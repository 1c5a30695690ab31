"""What stands in an event: the meaning of every attribute and of every field of an entry, and the form of its text.

Must live here: tables. Must not be known here: the document that they are put into.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine import Text
from engine.events.event import ID_PATTERN

Schema = dict[str, Any]
Meanings = Mapping[str, tuple[Schema, Text]]
"""The schema of a field, as far as it is said here, and its meaning."""

CODE = {"type": "string", "pattern": f"^{ID_PATTERN}$"}
_SEAL = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
INSTANT = {
    "type": "string",
    "format": "date-time",
    "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$",
}

ATTRIBUTES: Meanings = {
    "specversion": ({"type": "string", "const": "1.0"}, Text("CloudEvents 的版本", "the version of CloudEvents")),
    "id": (
        _SEAL,
        Text(
            "条目的封印：据此去重，并验证 data", "the entry's seal: what to de-duplicate by and to prove the data with"
        ),
    ),
    "source": (
        {"type": "string", "format": "uri-reference"},
        Text("门店；含冒号的，前加 ./", "the shop; with ./ before it where it holds a colon"),
    ),
    "type": (
        {"type": "string"},
        Text("事实的种类；拒绝则为 refused. 加命令", "the kind of the fact; of a refusal: refused. and the command"),
    ),
    "subject": (CODE, Text("单号", "the case")),
    "time": (
        INSTANT,
        Text("发生时间；未另记则为记录时间", "when it happened; when it was recorded, if nothing else is known"),
    ),
    "datacontenttype": ({"type": "string", "const": "application/json"}, Text("data 的类型", "the type of the data")),
    "partitionkey": (CODE, Text("分区键：单号", "what to keep in order: the case")),
    "sequence": (
        {"type": "string", "pattern": "^[0-9]{10,16}$"},
        Text("本单日志中的序号，可按文字排序", "the place in the chain of the case; sorts as text"),
    ),
    "recordedtime": (INSTANT, Text("记录时间", "when it was recorded")),
}
"""The attributes of every event: the schema of each, and its meaning."""

PERSONAL: Meanings = {
    "commitment": (_SEAL, Text("SHA-256(盐 ‖ 值)", "SHA-256(salt ‖ value)")),
    "given": ({"type": "boolean"}, Text("值不为空白", "the value is not blank")),
    "valid": ({"type": "boolean"}, Text("值的格式正确", "the value has the form that its kind demands")),
}
ANY: Schema = {}
FIELDS: Meanings = {
    "Entry.format": (ANY, Text("条目格式的版本", "the version of the format of entries")),
    "Entry.shop": (CODE, Text("门店", "the shop")),
    "Entry.case": (CODE, Text("单号，门店内唯一", "the case, unique in its shop")),
    "Entry.workflow": (CODE, Text("流程", "the workflow of the case")),
    "Entry.seq": (ANY, Text("本单日志中的序号，首条为 1", "the place in the chain; 1 for the opening")),
    "Entry.version": (ANY, Text("本单至此接受了几次", "how many answers of the case were acceptances, with this one")),
    "Entry.rules": (ANY, Text("本单所依规则的摘要", "the digest of the rules that the case is pinned to")),
    "Entry.recorded_at": (INSTANT, Text("记录时间", "when it was answered")),
    "Entry.prev": (ANY, Text("上一条的封印；首条为 64 个 0", "the seal of the entry before; 64 zeros in the first")),
    "Actor.id": (CODE, Text("谁；不是姓名", "who put it; never a name")),
    "Actor.role": (CODE, Text("以何岗位", "in which role")),
    "Late.reason": ({"$ref": "Commitment"}, Text("迟录原因，只留承诺值", "why it is late, as a commitment")),
    "Late.paper": (CODE, Text("纸质单号", "the paper that shows when it happened")),
    "Command.id": (CODE, Text("命令编号，门店内唯一", "the client's idempotency key, unique in its shop")),
    "Command.name": (CODE, Text("事实的种类", "the kind of the fact")),
    "Command.occurred_at": (INSTANT, Text("发生时间；空：即记录时间", "when it happened; null: when it was recorded")),
    "Command.facts": (ANY, Text("事实本身；未记录的字段不出现", "the fact itself; what was not recorded is absent")),
    "Outcome.answer": (ANY, Text("接受或拒绝", "accepted or refused")),
    "Outcome.state": (CODE, Text("答复之后的状态", "where the case stands after this answer")),
    "Outcome.event": (
        CODE,
        Text("接受时为事实的种类，拒绝时为空", "the kind of the fact when accepted, null when refused"),
    ),
    "Outcome.refusals": (ANY, Text("拒绝的条款", "the clauses that refuse")),
    "Outcome.notes": (ANY, Text("未满足而不拒绝的条款", "clauses not met that do not refuse")),
    "Outcome.waived": ({"items": CODE}, Text("被豁免的条款", "clauses that would have refused but were waived")),
    "Said.clause": (CODE, Text("条款编号", "the id of the clause")),
    "Said.facts": (ANY, Text("说明何以未满足的值", "the values that show why it is not met")),
    "Attachment.sha256": (ANY, Text("文件内容的 SHA-256", "SHA-256 of the file's bytes")),
    "Attachment.media_type": (ANY, Text("媒体类型，如 image/jpeg", "what kind of file it is, such as image/jpeg")),
    "Attachment.uri": (ANY, Text("宿主存放之处", "where the host keeps it")),
}
"""The fields of an entry and of its parts, with what their forms leave open."""
FACT: Mapping[str, Text] = {
    "corrects": Text(
        "所更正的事实首次记录时的版本", "the version under which the fact that this one replaces was recorded"
    ),
    "subject": Text("个人信息所属之人的编号", "the opaque id of the person whose personal data this is"),
}
"""The fields of every fact."""
