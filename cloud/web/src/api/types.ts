// The shapes of /api/v1, as cloud/api/schemas/common.py states them. null means "not known", never zero.

/** The same text by language: "zh", "en" and more. */
export type LocalizedText = Record<string, string>;
export type State = "active" | "standby" | "off" | "unobserved";
export type Presence = "online" | "silent" | "never_seen";
export type Outcome = "met" | "partly_met" | "unmet" | "no_data" | "not_applicable";
export type Value = number | boolean | string;

export interface School {
  id: string;
  name: string;
  division: string;
  division_name: string;
  school_type: string;
  school_type_name: string;
  urban_rural: string | null;
  classes: number | null;
  pupils: number | null;
  teachers: number | null;
  stages: string[];
}

export interface UseSummary {
  lessons_scheduled: number;
  lessons_observed: number;
  lessons_used: number;
  use_rate: number | null;
  active_in_timetable_s: number;
  active_out_of_timetable_s: number;
  standby_s: number;
  standby_waste_s: number;
  off_s: number;
  unobserved_s: number;
  observed_share: number | null;
  energy_kwh: number | null;
}

export interface CategoryCount {
  category: string;
  assets: number;
  online: number;
  active: number;
  standby: number;
  off: number;
  unobserved: number;
}

export interface PeriodNow {
  day: string;
  period: number | null;
  name: string | null;
  starts: string | null;
  ends: string | null;
  lessons_scheduled: number;
  is_school_day: boolean;
}

export interface RoomNow {
  room: string;
  name: string;
  building: string;
  floor: number | null;
  state: State;
  assets: number;
  lesson: string | null;
}

export interface DayUse {
  day: string;
  use: UseSummary;
}

export interface Attention {
  kind: string;
  subject: string;
  title: string;
  since: string | null;
  value: number | null;
}

export interface Overview {
  school: School;
  at: string;
  now: PeriodNow;
  assets: number;
  assets_connected: number;
  assets_online: number;
  original_value_yuan: number | null;
  categories: CategoryCount[];
  rooms: RoomNow[];
  today: UseSummary;
  week: UseSummary;
  by_day: DayUse[];
  attention: Attention[];
  gateways: Gateway[];
}

export interface AssetRow {
  id: number;
  asset_no: string;
  name: string;
  category: string | null;
  brand: string | null;
  model: string | null;
  room: string | null;
  room_name: string | null;
  condition: string;
  original_value_yuan: number | null;
  acquired: string | null;
  custodian: string | null;
  device: string | null;
  state: State;
  presence: Presence;
  last_seen: string | null;
  use: UseSummary | null;
}

export interface AssetPage {
  total: number;
  items: AssetRow[];
}

export interface PointNow {
  point: string;
  title: LocalizedText;
  quantity: string | null;
  unit: string;
  value: Value;
  observed_at: string;
}

export interface Binding {
  device: string;
  valid_from: string | null;
  valid_to: string | null;
}

export interface Asset extends AssetRow {
  school: string;
  classification_code: string | null;
  classification_list: string | null;
  unit: string | null;
  quantity: number;
  acquisition: string | null;
  booked: string | null;
  department: string | null;
  serial_no: string | null;
  tag: string | null;
  warranty_until: string | null;
  supplier: string | null;
  life_years: number | null;
  profile: string | null;
  profile_title: LocalizedText | null;
  points: PointNow[];
  bindings: Binding[];
}

export interface Stretch {
  start: string;
  end: string;
  state: State;
  energy_wh: number | null;
}

export interface SlotRow {
  asset: string;
  start: string;
  active_s: number;
  standby_s: number;
  off_s: number;
  unobserved_s: number;
  energy_wh: number | null;
}

export interface PeriodBand {
  period: number;
  name: string;
  start: string;
  end: string;
  lesson: string | null;
}

export interface Timeline {
  asset_id: number;
  day: string;
  stretches: Stretch[];
  slots: SlotRow[];
  periods: PeriodBand[];
}

export interface HeatCell {
  weekday: number;
  period: number;
  scheduled: number;
  observed: number;
  used: number;
  active_s: number;
  use_share: number | null;
}

export interface Heatmap {
  asset_id: number;
  start: string;
  end: string;
  periods: PeriodBand[];
  cells: HeatCell[];
}

export interface Series {
  point: string;
  unit: string;
  title: LocalizedText;
  readings: [string, Value][];
}

export interface DeviceEvent {
  at: string;
  type: string;
  title: LocalizedText;
  of_gateway: boolean;
  text: string;
  value: number | null;
  unit: string;
}

export interface UtilizationRow {
  key: string;
  title: string;
  span: string | null;
  assets: number;
  use: UseSummary;
}

export interface Gateway {
  gateway: string;
  school: string;
  last_seen: string;
  presence: Presence;
  version: string | null;
  uptime_s: number | null;
  backlog: number | null;
  oldest_unsent_s: number | null;
  readings_per_s: number | null;
  set_aside: number | null;
  evicted: number | null;
  memory_mb: number | null;
  disk_free_mb: number | null;
  errors: number | null;
  last_error: string | null;
  devices: number;
  devices_silent: number;
}

export interface GatewayDevice {
  gateway: string;
  device: string;
  asset: string;
  asset_id: number | null;
  asset_name: string | null;
  profile: string;
  protocol: string;
  last_reading: string | null;
  readings: number;
  errors: number;
  last_error: string | null;
  last_error_at: string | null;
  presence: Presence;
}

export interface GatewayPoint {
  at: string;
  backlog: number | null;
  oldest_unsent_s: number | null;
  readings_per_s: number | null;
  memory_mb: number | null;
}

export interface GatewayDetail {
  gateway: Gateway;
  devices: GatewayDevice[];
  history: GatewayPoint[];
}

export interface Evidence {
  ref: string;
  text: LocalizedText;
  value: number | null;
}

export type Cell = string | number | boolean | null;

export interface BookColumn {
  key: string;
  title: LocalizedText;
  codes: string | null;
}

export interface BookLine {
  book: string;
  title: LocalizedText;
  is_imported: boolean;
  rows: number | null;
}

export interface BookRow {
  key: string;
  cells: Record<string, Cell>;
  asset_id: number | null;
  day: string | null;
}

export interface BookPage {
  book: string;
  title: LocalizedText;
  is_imported: boolean;
  columns: BookColumn[];
  total: number;
  offset: number;
  start: string | null;
  end: string | null;
  items: BookRow[];
}

export interface Finding {
  clause: string;
  title: LocalizedText;
  dimension: string;
  outcome: Outcome;
  attainment: number | null;
  measured: number | null;
  unit: string;
  target: string;
  weight: number;
  points: number | null;
  data_source: "telemetry" | "ledger" | "declared";
  source_title: string;
  source_clause: string;
  source_confidence: string;
  reason: LocalizedText;
  remedy: LocalizedText;
  part: number | null;
  whole: number | null;
  unknown: number | null;
  coverage: number;
  beside: string[];
  evidence_total: number;
  evidence: Evidence[];
}

export interface DimensionScore {
  dimension: string;
  title: LocalizedText;
  weight: number;
  value: number | null;
  coverage: number;
  findings: number;
}

export interface Score {
  school: string;
  standard: string;
  standard_title: LocalizedText;
  start: string;
  end: string;
  value: number | null;
  coverage: number;
  min_coverage: number;
  dimensions: DimensionScore[];
  findings: Finding[];
  inputs_digest: string;
  computed_at: string;
}

export interface LiveAsset {
  asset: string;
  asset_id: number | null;
  state: State;
  presence: Presence;
  last_seen: string | null;
  values: Record<string, Value>;
}

export interface Live {
  at: string;
  assets: LiveAsset[];
}

export interface CodeItem {
  code: string;
  name: LocalizedText;
}

export interface CodeList {
  id: string;
  title: LocalizedText;
  source: string;
  confidence: string;
  items: CodeItem[];
}
