"""What a model card must answer: TRIPOD+AI, CHAI and HTI-1, field by field.

Each field has a place on the card and the sources of its answer: entries of the author's file
(``openness.funding``), or answers that the run gives (``run.flow``; :mod:`training.card.answers`).

References
----------
TRIPOD+AI: Collins 2024, doi:10.1136/bmj-2023-078378 (27 items, 52 subitems).
PROBAST+AI: Moons 2025, doi:10.1136/bmj-2024-082505.
CHAI Applied Model Card, schema v0.2, https://github.com/coalition-for-health-ai/mc-schema.
HTI-1: 45 CFR 170.315(b)(11), source attributes of predictive decision support interventions.
"""

from __future__ import annotations

from dataclasses import dataclass

from training.card.schema import Table

__all__ = ["CHAI", "FIELDS", "HTI1", "PLACES", "TRIPOD_AI"]

PLACES = {
    "top": "In plain words",
    "use": "How to use the number, and how not",
    "population": "Patients",
    "outcome": "Outcome",
    "predictors": "Predictors and missing data",
    "model": "How the estimate is made",
    "performance": "Performance",
    "calibration": "Calibration",
    "decision": "Decision curve",
    "stability": "Stability and sample size",
    "fairness": "Subgroups and fairness",
    "literature": "Beside what is published",
    "limitations": "Limitations",
    "safety": "Safety context",
    "people": "People, ethics, openness",
    "maintenance": "Maintenance",
    "gates": "Gates before approval",
    "provenance": "Versions and digests",
    "history": "Review and history",
}
"""Sections of the card, by their anchor."""


@dataclass(frozen=True)
class Field:
    """One thing that a card must answer.

    Parameters
    ----------
    table : {"TRIPOD+AI", "CHAI", "HTI-1", "ketresponse"}
        Who asks for it; the last is this project itself.
    id : str
        Number or name there.
    title : str
        What is asked, shortly.
    place : str
        A key of :data:`PLACES`.
    sources : tuple of str
        Where the answer comes from; all of them are needed.
    """

    table: Table
    id: str
    title: str
    place: str
    sources: tuple[str, ...]


def _fields(table: Table, rows: str) -> tuple[Field, ...]:
    """Read ``id | title | place | sources`` lines."""
    fields = []
    for line in rows.strip().splitlines():
        number, title, place, sources = (cell.strip() for cell in line.split("|"))
        fields.append(Field(table, number, title, place, tuple(sources.split())))
    return tuple(fields)


TRIPOD_AI = _fields(
    "TRIPOD+AI",
    """
1   | Title | top | run.title
2   | Abstract | top | run.summary
3a  | Context and rationale | people | study.context
3b  | Target population and users | use | run.population use.intended_users
3c  | Health inequalities | fairness | study.inequalities
4   | Objectives | people | study.objectives
5a  | Data sources | population | study.data_source
5b  | Dates | population | study.dates
6a  | Setting | population | study.setting
6b  | Eligibility | population | run.eligibility
6c  | Treatments received | population | run.treatment
7   | Data preparation | predictors | run.preparation
8a  | Outcome | outcome | run.outcome
8b  | Outcome assessors | outcome | study.outcome_assessment
8c  | Blinding | outcome | study.blinding
9a  | Choice of predictors | predictors | study.predictor_choice
9b  | Definition of predictors | predictors | run.predictors
9c  | Assessors of predictors | predictors | study.predictor_assessment
10  | Sample size | stability | run.sample_size
11  | Missing data | predictors | run.missing
12a | Data partitioning | model | run.partitioning
12b | Handling of predictors | model | run.preparation
12c | Model building | model | run.model
12d | Heterogeneity between clusters | performance | run.heterogeneity
12e | Performance measures | performance | run.measures
12f | Model updating | maintenance | run.updating
12g | How predictions are calculated | model | run.calculation
13  | Class imbalance | model | run.imbalance
14  | Fairness approaches | fairness | fairness.bias_mitigation
15  | Output and thresholds | outcome | run.output
16  | Development against evaluation data | performance | run.partitioning
17  | Ethics | people | ethics.approval
18a | Funding | people | openness.funding
18b | Conflicts of interest | people | openness.conflicts
18c | Protocol | people | openness.protocol
18d | Registration | people | openness.registration
18e | Data sharing | people | openness.data_sharing
18f | Code sharing | people | openness.code_sharing
19  | Patient and public involvement | people | people.patient_involvement
20a | Flow of participants | population | run.flow
20b | Characteristics | predictors | run.characteristics
20c | Comparison of data sets | performance | run.external
21  | Numbers in each analysis | population | run.numbers
22  | Full model | model | run.model
23a | Performance with intervals | performance | run.performance
23b | Heterogeneity of performance | performance | run.heterogeneity
24  | Results of updating | maintenance | run.updating
25  | Interpretation | top | run.interpretation
26  | Limitations | limitations | run.limitations
27a | Poor-quality input | use | run.poor_input
27b | Expertise of users | use | use.user_expertise
27c | Future research | maintenance | maintenance.future_research
""",
)

CHAI = _fields("CHAI", """
BasicInfo.ModelName | Name | top | run.title
BasicInfo.ModelDeveloper | Developer | people | people.developer
BasicInfo.DeveloperContact | Contact | people | people.contact
ReleaseInfo.ReleaseStage | Release stage | history | run.stage
ReleaseInfo.ReleaseDate | Date | provenance | run.created
ReleaseInfo.ReleaseVersion | Version | provenance | run.version
ReleaseInfo.GlobalAvailability | Availability | use | use.availability
ReleaseInfo.EHRCompatibility | Health record systems | use | extra.health_record_system
ReleaseInfo.RegulatoryApproval | Regulatory approval | use | extra.regulatory_approval
ModelSummary.Summary | Summary | top | run.summary
ModelSummary.Keywords | Keywords | top | run.keywords
UsesAndDirections.IntendedUseAndWorkflow | Intended use and workflow | use | use.intended_use
UsesAndDirections.PrimaryIntendedUsers | Intended users | use | use.intended_users
UsesAndDirections.HowToUse | How to use | use | use.how_to_use
UsesAndDirections.TargetedPatientPopulation | Target population | population | run.population
UsesAndDirections.CautionedOutOfScopeSettings | Out of scope | use | use.inappropriate_use
Warnings.KnownRisksAndLimitations | Risks and limitations | limitations | run.limitations
Warnings.KnownBiasesOrEthicalConsiderations | Biases, ethics | fairness | fairness.considerations
Warnings.ClinicalRiskLevel | Clinical risk level | use | regulatory.clinical_risk_level
AISystemFacts.OutcomesAndOutputs | Outcomes and outputs | outcome | run.output
AISystemFacts.ModelType | Model type | model | run.model
AISystemFacts.FoundationModels | Foundation models | model | run.foundation
AISystemFacts.InputDataSource | Source of inputs | predictors | study.predictor_assessment
AISystemFacts.OutputAndInputDataTypes | Types of inputs and outputs | predictors | run.predictors
AISystemFacts.DevelopmentDataCharacterization | Development data | population | run.characteristics
AISystemFacts.BiasMitigationApproaches | Bias mitigation | fairness | fairness.bias_mitigation
AISystemFacts.OngoingMaintenance | Maintenance | maintenance | maintenance.monitoring
AISystemFacts.Security | Security | provenance | extra.security
AISystemFacts.Transparency | Transparency | provenance | run.transparency
TransparencyInformation.FundingSource | Funding | people | openness.funding
TransparencyInformation.ThirdPartyInformation | Third parties | people | extra.third_party
TransparencyInformation.StakeholdersConsulted | Stakeholders | people | people.stakeholders
UsefulnessUsabilityEfficacy.MetricGoal | Usefulness: goal | decision | run.useful_goal
UsefulnessUsabilityEfficacy.Results | Usefulness: result | decision | run.useful_result
UsefulnessUsabilityEfficacy.Interpretation | Usefulness: reading | decision | run.useful_reading
UsefulnessUsabilityEfficacy.TestType | Usefulness: kind of test | decision | run.partitioning
UsefulnessUsabilityEfficacy.TestingDataDescription | Usefulness: test data | population | run.numbers
UsefulnessUsabilityEfficacy.ValidationProcessAndJustification | Usefulness: process | decision | run.measures
FairnessEquity.MetricGoal | Fairness: goal | fairness | run.fair_goal
FairnessEquity.Results | Fairness: result | fairness | run.subgroups
FairnessEquity.Interpretation | Fairness: reading | fairness | run.fair_reading
FairnessEquity.TestType | Fairness: kind of test | fairness | run.partitioning
FairnessEquity.TestingDataDescription | Fairness: test data | fairness | study.demographics
FairnessEquity.ValidationProcessAndJustification | Fairness: process | fairness | run.fair_goal
SafetyReliability.MetricGoal | Reliability: goal | stability | run.reliable_goal
SafetyReliability.Results | Reliability: result | stability | run.reliable_result
SafetyReliability.Interpretation | Reliability: reading | stability | run.reliable_reading
SafetyReliability.TestType | Reliability: kind of test | stability | run.reliable_test
SafetyReliability.TestingDataDescription | Reliability: test data | population | run.numbers
SafetyReliability.ValidationProcessAndJustification | Reliability: process | stability | run.null_test
Resources.EvaluationReferences | Evaluations | people | extra.evaluation_references
Resources.ClinicalTrial | Clinical trials | people | extra.clinical_trial
Resources.PeerReviewedPublications | Publications | people | extra.publications
Resources.ReimbursementStatus | Reimbursement | people | extra.reimbursement
Resources.PatientConsentOrDisclosure | Consent or disclosure | people | ethics.consent
Bibliography | Bibliography | literature | run.bibliography extra.bibliography
""")  # fmt: skip  # noqa: E501

HTI1 = _fields("HTI-1", """
details.developer | Developer and contact | people | people.developer people.contact
details.funding | Funding | people | openness.funding
details.output_value | What the output is | outcome | run.output
details.output_type | Type of output | outcome | run.output_type
purpose.intended_use | Intended use | use | use.intended_use
purpose.patient_population | Intended patients | population | run.population
purpose.intended_users | Intended users | use | use.intended_users
purpose.decision_role | Role in the decision | use | use.decision_role
cautions.inappropriate_use | Out of scope | use | use.inappropriate_use
cautions.risks | Known risks | limitations | run.limitations
development.criteria | Inclusion and exclusion | population | run.eligibility
development.variables | Use of demographic and social variables | predictors | run.demographic_variables
development.demographics | Demographics | population | study.demographics
development.relevance | Relevance to the use | population | run.relevance
fairness.approach | Approach to fairness | fairness | run.fair_goal
fairness.bias_mitigation | Bias mitigation | fairness | fairness.bias_mitigation
validation.data_source | Source of validation data | performance | run.external
validation.tester | Who validated | performance | run.tester
validation.demographics | Demographics of validation data | performance | run.external_demographics
validation.process | Validation process | performance | run.partitioning
performance.internal_validity | Validity, own data | performance | run.performance
performance.internal_fairness | Fairness, own data | fairness | run.subgroups
performance.external_validity | Validity, other data | performance | run.external
performance.external_fairness | Fairness, other data | fairness | run.external_fairness
performance.outcome_evaluation | Effect of its use on outcomes | decision | run.outcome_evaluation
maintenance.validity_monitoring | Monitoring of validity | maintenance | maintenance.monitoring
maintenance.local_validity | Local validity | maintenance | maintenance.local_validation
maintenance.fairness_monitoring | Monitoring of fairness | maintenance | maintenance.fairness_monitoring
maintenance.local_fairness | Local fairness | maintenance | run.local_fairness
updates.process | Updates | maintenance | maintenance.updates
updates.correction | Correction of faults | maintenance | maintenance.correction
""")  # fmt: skip  # noqa: E501

HOUSE = _fields(
    "ketresponse",
    """
authors | Authors, none of whom may review it | people | people.authors
owner | Who answers for it in use | people | people.owner
intended_purpose | Intended purpose | use | regulatory.intended_purpose
device_status | Standing under device law | use | regulatory.device_status
background | How the Shapley background was made | model | run.background
low_baseline | Patients who cannot meet the score rule | outcome | run.low_baseline
score_labels | Result with labels from scores alone | outcome | run.score_labels
label_provenance | What the labels rest on | outcome | run.label_provenance
missing_outcomes | What unknown outcomes could change | outcome | run.missing_outcomes
contradictions | What contradicts the literature | literature | run.contradictions
leakage | Leakage review | gates | run.leakage extra.leakage_review
probast | Quality and risk of bias (PROBAST+AI) | limitations | run.probast
""",
)

FIELDS = (*TRIPOD_AI, *CHAI, *HTI1, *HOUSE)
