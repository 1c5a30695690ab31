"""What the report says around its numbers, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

from engine import Sort, Text

WORDS: Mapping[str, Text] = {
    "report": Text("审计报告", "Audit report"),
    "language": Text("语言", "Language"),
    "made_at": Text("出具时间", "Made at"),
    "zone": Text(
        "文中时间均为 {zone}（条款文字中的照记录写作 UTC）；周为 ISO 周。",
        "Times are in {zone} (in the words of clauses in UTC, as recorded); weeks are ISO weeks.",
    ),
    "verdict": Text("结论", "Verdict"),
    "integrity": Text("完整性", "Integrity"),
    "compliance": Text("合规性", "Compliance"),
    "two_axes": Text(
        "两个结论各自独立：日志是否完整未改，与答复是否合乎规程，是两回事。",
        "The two verdicts stand apart: whether the log is whole, and whether its answers follow the SOP.",
    ),
    "proof": Text("范围与证明", "Scope and proof"),
    "scope": Text("范围", "Scope"),
    "whole": Text("全部日志", "the whole log"),
    "shop": Text("门店", "shop"),
    "case": Text("工单", "case"),
    "since": Text("自", "from"),
    "until": Text("至", "until"),
    "source": Text("审计对象", "What was audited"),
    "origin": Text("日志名称", "Name of the log"),
    "size": Text("检查点条数", "Entries in the checkpoint"),
    "root": Text("检查点根", "Root of the checkpoint"),
    "signed_by": Text("签名（已核对）", "Signed by (checked)"),
    "cosigned_by": Text("见证联署（已核对）", "Cosigned by (checked)"),
    "anchored_by": Text("锚定依据", "Anchored by"),
    "none": Text("无", "none"),
    "proven": Text("已证明", "What was proven"),
    "not_proven": Text("未证明", "What was not proven"),
    "counts": Text("数目", "Counts"),
    "cases": Text("工单", "Cases"),
    "entries": Text("条目", "Entries"),
    "accepted": Text("接受", "Accepted"),
    "refused": Text("拒绝", "Refused"),
    "findings": Text("发现", "Findings"),
    "period": Text("记录时间", "Recorded"),
    "how": Text("各类含义", "What is counted"),
    "sort": Text("类别", "Sort"),
    "meaning": Text("含义", "Meaning"),
    "number": Text("条数", "Entries"),
    "profiles": Text("所依规程", "Rules in force"),
    "profile": Text("规程口径", "Profile"),
    "digest": Text("规程摘要", "Digest of the rules"),
    "kind": Text("种类", "Kind"),
    "no_findings": Text("没有发现。", "There are no findings."),
    "by_kind": Text("各类发现的数目", "Findings by kind"),
    "each": Text("逐条", "One by one"),
    "left_out": Text("另有 {number} 行未列出。", "{number} more are not listed."),
    "place": Text("位置", "Where"),
    "index": Text("日志序", "Index"),
    "what": Text("内容", "What"),
    "facts": Text("依据", "Facts"),
    "by_clause": Text("按条款", "By clause"),
    "by_advisor": Text("按服务顾问", "By advisor"),
    "by_week": Text("按周", "By week"),
    "clause": Text("条款", "Clause"),
    "advisor": Text("门店/顾问编号", "Shop/advisor"),
    "week": Text("周", "Week"),
    "clause_note": Text(
        "一条条目可涉及多个条款，各计一次。", "An entry may concern several clauses; it counts once for each."
    ),
    "advisor_note": Text(
        "计于提交命令的顾问；他人提交的，计于此前最后处理该单的顾问（“-”：尚无顾问）。只有编号，没有姓名。",
        "Counted for the advisor who put the command; what others put, for the advisor who acted on the case last "
        "('-': none had yet). Ids only, no names.",
    ),
    "week_note": Text("没有任何可说的周不列出。", "Weeks of which there is nothing to say are left out."),
    "plot_note": Text("下表为同样的数字。", "The table below has the same numbers."),
    "nothing": Text("没有可列的内容。", "There is nothing to list."),
    "worst": Text("最需要看的工单", "The cases that need a look"),
    "worst_note": Text(
        "最重的在前：先按发现数，再按拒绝、豁免与迟录之和。",
        "The worst first: by findings, then by refusals, waivers and late entries together.",
    ),
    "steps": Text(
        "本单共 {entries} 条；没有可说的各条合并为一行。",
        "{entries} entries; those of which there is nothing to say share a line.",
    ),
    "quiet": Text(
        "#{first} 至 #{last}：{number} 条接受，没有可说的。",
        "#{first} to #{last}: {number} accepted, nothing to be said.",
    ),
    "loose": Text("不属于任何一条的发现", "Findings at none of its entries"),
    "step": Text("序号 @日志序", "Seq @index"),
    "time": Text("时间", "Time"),
    "who": Text("谁", "Who"),
    "answer": Text("答复与条款", "Answer and clauses"),
    "seal": Text("封印", "Seal"),
    "happened": Text("发生于", "happened"),
    "paper": Text("迟录，纸质单号", "recorded late, paper"),
    "waived": Text("已豁免", "waived"),
    "noted": Text("提示", "note"),
    "ended": Text("报告完", "End of the report"),
}
"""Headings and notes, by name."""

MEANINGS: Mapping[Sort, Text] = {
    Sort.VIOLATION: Text(
        "记录的答复不是当时的规程会给出的答复。这是问题。",
        "The recorded answer is not the one that the SOP in force gives. This is wrong.",
    ),
    Sort.REFUSED: Text(
        "有人要做规程不允许的事，被挡下并记录。规程在起作用。",
        "Somebody tried what the SOP does not allow; it was stopped and recorded. The SOP at work.",
    ),
    Sort.WAIVED: Text(
        "有权的人按规程放行了一个条款，并写明原因。",
        "Somebody who may do so let a clause pass, as the profile allows, with a reason.",
    ),
    Sort.LATE: Text(
        "事后补录，附原因与纸质单号。", "Recorded after the event, with a reason and the number of a paper."
    ),
    Sort.NOTED: Text(
        "未做到而规程不拦的要求，如超过时限。",
        "Something asked for but not enforced was not met, such as a time limit.",
    ),
}
"""What each sort means, for somebody who does not know the program."""
