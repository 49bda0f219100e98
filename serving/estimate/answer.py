"""What the service answers, as models: from them comes the JSON Schema of an answer.

They describe, and tests hold every answer to them; the service itself builds its answers as plain
values and does not check them again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

__all__ = ["Answer", "Problems", "make_answer_schemas"]

_Probability = Annotated[float, Field(ge=0, le=1)]
_Interval = Annotated[list[_Probability], Field(min_length=2, max_length=2)]


class _Part(BaseModel):
    """An object of the answer, all of whose fields are there and no others."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Contribution(_Part):
    """What one variable of the patient's record adds."""

    variable: str
    value: Any = Field(description="as the patient's record has it; null when missing")
    contribution: float = Field(description="difference of probability")


class AssayContribution(_Part):
    """What one assay of the panel adds."""

    variable: str = Field(description="the assay")
    value: float | None = Field(description="ΔCt; null when not measured")
    contribution: float = Field(description="difference of probability")


class PanelContribution(_Part):
    """What the microRNA panel adds."""

    variable: Literal["panel"]
    value: None
    contribution: float = Field(description="of all assays together")
    error: float = Field(description="Monte Carlo standard error of the parts")
    parts: list[AssayContribution] = Field(description="their contributions add up to the panel's")


class Explanation(_Part):
    """Why the estimate is what it is: base plus the contributions is the probability, to 1e-6."""

    scale: Literal["probability"]
    method: str
    error: float = Field(description="Monte Carlo standard error; 0 when exact")
    base: _Probability = Field(description="the estimate when nothing is known")
    contributions: list[Contribution | PanelContribution] = Field(
        description="the panel's is the last, if used"
    )


class PooledRate(_Part):
    """The response rate pooled over published studies."""

    rate: _Probability
    interval: _Interval = Field(description="95% interval of the mean")
    new_centre: _Interval = Field(description="95% prediction interval for a new centre")
    outcome: str = Field(description="what was counted: another outcome")
    source: str


class PublishedRate(_Part):
    """The response rate of a published study."""

    rate: _Probability
    interval: _Interval = Field(description="95% interval")
    source: str
    pooled: PooledRate


class Estimate(_Part):
    """The estimate at one horizon."""

    horizon: Literal["t1", "t2"]
    outcome: str = Field(description="what is estimated, in plain words")
    probability: _Probability
    interval: _Interval = Field(description="95% interval")
    base_rate: _Probability = Field(description="share in the training cohort")
    published_base_rate: PublishedRate | None
    explanation: Explanation


class Notice(_Part):
    """What has to be known beside the number."""

    code: str
    variable: str | None
    text: str


class Applicability(_Part):
    """Whether the model speaks of this patient."""

    in_scope: bool
    notices: list[Notice]


class AnsweringCentre(_Part):
    """The centre that was answered for, of a model of several."""

    name: str | None = Field(description="as the model writes it; null for a new centre")
    known: bool = Field(description="whether it took part, so that the model has its own number")
    text: str = Field(description="what that means for the estimate, in plain words")


class AnsweringModel(_Part):
    """The model that answered."""

    name: str
    version: str
    status: Literal[
        "demonstration", "research", "approved", "approved for silent evaluation only"
    ] = Field(
        description="silent evaluation: the estimates are recorded for whoever runs it, and not "
        "told to those who treat the patient"
    )
    card_sha256: str | None
    population: str
    treatment: str
    centre: AnsweringCentre | None = Field(description="null for a model of one cohort")


class Answer(_Part):
    """The answer for one patient."""

    request_id: str
    model: AnsweringModel
    submodel: Literal["clinical", "clinical+panel"] = Field(
        description="which sub-model spoke; a notice says why a panel was not used"
    )
    estimates: list[Estimate] = Field(
        description="one for each horizon; empty for a patient out of scope, for one who cannot "
        "reach the outcome or of whom too little is known (a notice of the code out_of_scope, "
        "cannot_be_met or too_little_known says why), and under silent evaluation"
    )
    applicability: Applicability


class UnreadableValue(_Part):
    """One value of a request that cannot be read."""

    variable: str
    expected: str
    got: str
    action: str


class Problems(_Part):
    """The answer to a request that cannot be read."""

    error: str
    problems: list[UnreadableValue]


class _Plain(GenerateJsonSchema):
    """JSON Schema without the titles that repeat every name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def model_schema(self, schema: Any) -> dict[str, Any]:
        made = super().model_schema(schema)
        made.pop("title", None)
        return made


def make_answer_schemas(horizons: Sequence[str] = ("t1", "t2")) -> dict[str, Any]:
    """Return the JSON Schemas of an answer and of all that is in it, by name.

    They refer to one another as `#/components/schemas/NAME`, as an OpenAPI document has them, and
    know no horizon that the model has not.
    """
    _, made = models_json_schema(
        [(Answer, "serialization"), (Problems, "serialization")],
        ref_template="#/components/schemas/{model}",
        schema_generator=_Plain,
    )
    made["$defs"]["Estimate"]["properties"]["horizon"]["enum"] = list(horizons)
    return dict(made["$defs"])
