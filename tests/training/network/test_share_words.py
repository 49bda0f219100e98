from training.network.content import Ask, OutcomeAsk, OutcomeShare, ShareContent
from training.network.share_words import describe_ask, describe_share

EVERYTHING = {"a": 1}


def test_each_part_of_a_share_can_be_explained() -> None:
    content = dict.fromkeys(ShareContent.model_fields, EVERYTHING)
    content["outcomes"] = {"response": dict.fromkeys(OutcomeShare.model_fields, EVERYTHING)}
    told = describe_share(content)
    parts = {f"content.{name}" for name in ShareContent.model_fields} - {"content.round"}
    inner = {f"content.outcomes.{name}" for name in OutcomeShare.model_fields}
    assert set(told) == parts | inner - {"content.outcomes.n", "content.outcomes.events"}


def test_each_part_of_a_round_can_be_explained() -> None:
    content = dict.fromkeys(Ask.model_fields, EVERYTHING)
    content["outcomes"] = {"response": dict.fromkeys(OutcomeAsk.model_fields, EVERYTHING)}
    told = describe_ask(content)
    parts = {f"content.{name}" for name in Ask.model_fields} - {"content.round"}
    plain = {f"content.outcomes.{name}" for name in ("family", "intercepts", "coef")}
    inner = {f"content.outcomes.{name}" for name in OutcomeAsk.model_fields}
    assert set(told) == parts | inner - plain


def test_what_is_not_there_is_not_explained() -> None:
    told = describe_share({"round": 1, "patients": 3, "outcomes": {"response": {"losses": None}}})
    assert set(told) == {"content.patients", "content.outcomes"}


def test_scales_and_abbreviations_of_measures_are_told() -> None:
    told = describe_share({"evaluation": EVERYTHING, "summaries": EVERYTHING})
    measures = told["content.evaluation"]
    assert "auc_se is of the AUC's logit, o_e_se of the logarithm of o_e" in measures
    assert all(name in measures for name in ("o_e:", "brier_skill:", "null:"))
    assert "(sd)" in told["content.summaries"] and "null:" in told["content.summaries"]


def test_what_null_means_is_told_wherever_it_can_stand() -> None:
    told = describe_share({"outcomes": {"response": {"likelihood": EVERYTHING}}})
    assert "n and events are null where" in told["content.outcomes"]
    assert "curvature is null in rounds" in told["content.outcomes.likelihood"]
