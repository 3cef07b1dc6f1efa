// The shapes of assessments, selections and the procedure, as cloud/api/schemas/assessments.py states
// them. null means "not known" or "not rated", never zero; shares are 0 to 1.

import type { DimensionScore, Finding, LocalizedText, Outcome } from "./types";

export type Stage = "KG" | "PRI" | "JUN" | "SEN" | "VOC";
export type Severity = "high" | "medium" | "low";
export type DataSource = "telemetry" | "ledger" | "declared";

export interface Titled {
  id: string;
  title: LocalizedText;
}

export interface Trust {
  flag: string;
  text: LocalizedText;
}

export interface Source {
  title: string;
  clause: string;
  confidence: string;
  trust: Trust;
}

export interface AssessmentLine {
  id: string;
  digest: string;
  standard: string;
  standard_title: LocalizedText;
  start: string;
  end: string;
  schools: number;
  created_at: string;
  inputs_digest: string;
  latest_selection: string | null;
}

export interface DimensionLine extends Titled {
  weight: number;
  pass_mark: number | null;
}

export interface County {
  division: string;
  division_name: string;
  schools: number;
  rated: number;
  passed: number;
  mean: number | null;
  coverage: number | null;
  integrity: number;
}

export interface Assessment extends AssessmentLine {
  scale: number;
  min_coverage: number;
  declared_cap: number;
  pass_mark: number | null;
  grades: Record<string, number>;
  dimensions: DimensionLine[];
  rated: number;
  passed: number;
  integrity: number;
  counties: County[];
  scores_as_filed: boolean;
  note: LocalizedText;
}

export interface RankingRow {
  rank: number | null;
  school: string;
  name: string;
  division: string;
  division_name: string;
  school_type: string;
  school_type_name: string;
  urban_rural: string | null;
  stages: Stage[];
  classes: number | null;
  pupils: number | null;
  value: number | null;
  raw: number | null;
  coverage: number;
  grade: string | null;
  passed: boolean;
  dimensions: Record<string, number | null>;
  failed_gates: Titled[];
  failed_marks: Titled[];
  failed_rules: Titled[];
  selected: boolean | null;
  rule: string | null;
  because: string[] | null;
  place: number | null;
  reason: LocalizedText | null;
  rank_low: number | null;
  rank_high: number | null;
  chance: number | null;
  is_override: boolean;
  integrity: number;
  integrity_high: number;
}

export interface RankingPage {
  assessment: string;
  selection: string | null;
  total: number;
  items: RankingRow[];
}

export interface Sign {
  ref: string;
  text: LocalizedText;
}

export interface IntegrityFinding {
  school: string;
  check: string;
  title: LocalizedText;
  severity: Severity;
  strength: number;
  text: LocalizedText;
  ask: LocalizedText;
  benign_explanation: LocalizedText;
  evidence_total: number;
  evidence: Sign[];
}

export interface AssessedDimension extends DimensionScore {
  pass_mark: number | null;
  failed_mark: boolean;
}

export interface AssessedFinding extends Finding {
  capped: boolean;
  gate: number | null;
  failed_gate: boolean;
  trust: Trust;
  opens: string;
}

export interface Opened {
  assessment: string;
  school: string;
  finding: AssessedFinding;
  part_now: number | null;
  whole_now: number | null;
  unknown_now: number | null;
  has_changed: boolean;
  note: LocalizedText;
}

export interface Changes {
  assessment: string;
  school: string;
  digest: string;
  digest_now: string;
  has_changed: boolean;
  clauses: Titled[];
  attributes: string[];
}

export interface Rival {
  school: string;
  name: string;
  rank: number | null;
  value: number | null;
}

export interface Verdict {
  selection: string;
  selected: boolean;
  places: number;
  rank: number | null;
  among: number;
  rank_low: number | null;
  rank_high: number | null;
  chance: number | null;
  rule: string;
  because: string[];
  place: number | null;
  eligible: number;
  reason: LocalizedText;
  rival: Rival | null;
  needs: number | null;
  is_override: boolean;
  override_reason: string | null;
  least_opens: string | null;
}

export interface Step {
  id: number;
  step: string;
  title: LocalizedText;
  assessment: string;
  selection: string | null;
  school: string | null;
  name: string | null;
  by: string;
  at: string;
  change: Record<string, unknown>;
  reason: string;
  answers: number | null;
  digest: string;
}

export interface StepPage {
  total: number;
  items: Step[];
  broken_at: number | null;
}

export interface SchoolAssessment {
  assessment: AssessmentLine;
  school: RankingRow;
  min_coverage: number;
  scale: number;
  pass_mark: number | null;
  dimensions: AssessedDimension[];
  findings: AssessedFinding[];
  verdict: Verdict | null;
  integrity: IntegrityFinding[];
  procedure: Step[];
  changes_opens: string;
}

export interface Compliance {
  applies: number;
  met: number;
  partly_met: number;
  unmet: number;
  no_data: number;
  attainment: number | null;
}

export interface CountyCompliance extends Compliance {
  division: string;
  division_name: string;
}

export interface ClauseCompliance extends Titled {
  dimension: string;
  data_source: DataSource;
  source: Source;
  total: Compliance;
  counties: CountyCompliance[];
}

export interface ClauseOutcome {
  school: string;
  name: string;
  outcome: Outcome;
  measured: number | null;
  attainment: number | null;
}

export interface Spread {
  what: string;
  title: LocalizedText;
  division: string | null;
  division_name: string | null;
  schools: number;
  least: number | null;
  lower: number | null;
  median: number | null;
  upper: number | null;
  most: number | null;
  mean: number | null;
  variation: number | null;
}

export interface VariationLimit extends Titled {
  clause: string;
  clause_title: LocalizedText;
  group: string;
  stage: string;
  schools: number;
  without_data: number;
  mean: number | null;
  variation: number | null;
  at_most: number;
  within: boolean | null;
}

export interface VariationReport {
  spread: Spread[];
  limits: VariationLimit[];
}

export interface StandardLine {
  id: string;
  edition: string;
  effective: string;
  title: LocalizedText;
}

export interface StandardClause extends Titled {
  dimension: string;
  weight: number;
  stages: Stage[];
  school_types: string[] | null;
  min_classes: number;
  indicator: string;
  parameters: Record<string, unknown>;
  targets: Record<string, string>;
  gate: number | null;
  cost_yuan: number | null;
  cost_per: "unit" | "point" | null;
  data_source: DataSource;
  source: Source;
  remedy: LocalizedText;
}

export interface StandardRule extends Titled {
  of: string[];
  at_least: number;
  attained: number;
  others_at_least: number;
  source: Source | null;
}

export interface StandardVariation extends Titled {
  clauses: string[];
  by: string;
  at_most: Record<string, number>;
  source: Source | null;
}

export interface StandardDetail {
  id: string;
  edition: string;
  effective: string;
  title: LocalizedText;
  note: LocalizedText;
  scale: number;
  min_coverage: number;
  declared_cap: number;
  aggregate: string;
  pass_mark: number | null;
  grades: Record<string, number>;
  dimensions: DimensionLine[];
  clauses: StandardClause[];
  rules: StandardRule[];
  variation: StandardVariation[];
}

export interface SelectionLine {
  id: string;
  digest: string;
  assessment: string;
  places: number;
  selected: number;
  seed: number;
  before: string | null;
  after: string | null;
  overrides: number;
  created_at: string;
}

export interface Quota {
  id: string;
  title: LocalizedText;
  group: "division" | "stage" | "urban_rural";
  code: string;
  least: number | null;
  most: number | null;
  selected: number;
  holds: boolean;
}

export interface Override {
  school: string;
  name: string;
  decision: "in" | "out";
  instead_of: string | null;
  by: string;
  reason: string;
  at: string;
}

export interface ProcedureState {
  selection: string;
  standing: string;
  first_day: string | null;
  last_day: string | null;
  is_public: boolean;
  objections: number;
  unanswered: number;
  is_final: boolean;
  missing: LocalizedText[];
}

export interface Reason {
  rule: string;
  selected: boolean;
  schools: number;
  school: string;
  name: string;
  reason: LocalizedText;
}

export interface Warned {
  school: string;
  name: string;
  text: LocalizedText;
}

export interface Selection extends SelectionLine {
  rules: Record<string, unknown>;
  order: LocalizedText[];
  items: RankingRow[];
  first_out: RankingRow[];
  quotas: Quota[];
  eligible: number;
  notes: LocalizedText[];
  reasons: Reason[];
  warnings: Warned[];
  override_log: Override[];
  trials: number;
  procedure: ProcedureState;
}

export interface Improvement extends Titled {
  attainment: number;
  becomes: number;
  points: number;
  units: number | null;
  yuan: number;
  remedy: LocalizedText;
}

export interface Least {
  selection: string;
  school: string;
  is_possible: boolean | null;
  text: LocalizedText;
  needs: number | null;
  value: number | null;
  value_then: number | null;
  yuan: number | null;
  improvements: Improvement[];
  evidence: Titled[];
  unpriced: Titled[];
  unseen: Titled[];
  missing: LocalizedText[];
}
