// Reads readings back from the care platform: FHIR R4 Observations become what a page can show; no words, no page.
import { BODY_FAT, DIASTOLIC, hasCode, KINDS, kindOf, LOINC, MEAN_ARTERIAL, PULSE_RATE, SYSTOLIC } from "./kinds.js";

const MEASUREMENT_STATUS = "http://hl7.org/fhir/uv/pocd/CodeSystem/measurement-status";
const MEAL = "8417864"; // IEEE 11073-10101, MDC_CTXT_GLU_MEAL
const TEST_DATA = "HTEST"; // HL7 v3 ActReason
const WEIGHT_TRIES = 6;
const WEIGHT_PAUSE_MS = 500;

const list = (value) => (Array.isArray(value) ? value : []);
const textOf = (value) => (typeof value === "string" ? value : null);
const codings = (concept) => list(concept?.coding);
const saysYes = (concept) => codings(concept).some((coding) => coding?.code === "Y");

/** `{value, unit, absent}`: digits as they were sent, the UCUM code; or the reason why there is no number. */
function quantity(element) {
  const sent = element?.valueQuantity;
  const value = textOf(sent?.value);
  if (value !== null) return { value, unit: textOf(sent.code) ?? textOf(sent.unit), absent: null };
  return { value: null, unit: null, absent: textOf(codings(element?.dataAbsentReason)[0]?.code) ?? "unknown" };
}

/** What a device said beside its number: the names of the status bits that it set. */
function flagsOf(observation) {
  return list(observation.component)
    .filter((part) => saysYes(part?.valueCodeableConcept))
    .map((part) => textOf(part.code?.text) ?? textOf(codings(part.code)[0]?.code) ?? "unknown");
}

/**
 * What is shown of an Observation, or null if it is something else.
 * `main` and `second` (the diastolic pressure), `pulse`, `mean`: `{value, unit, absent}`, null where there is none.
 * `flags`: names of status bits. `doubtful`: marked questionable. `preliminary`: not final, or an early estimate.
 * `test`: no patient's. `site`, `meal`: words of the device. `origin`: the Observation that it derives from.
 */
export function readObservation(observation) {
  if (observation?.resourceType !== "Observation") return null;
  const kind = kindOf(observation.code) ?? (hasCode(observation.code, BODY_FAT) ? "body-fat" : null);
  if (kind === null) return null;
  const component = (code) => {
    const found = list(observation.component).find((part) => hasCode(part?.code, code));
    return found ? quantity(found) : null;
  };
  const panel = KINDS[kind]?.panel === true;
  const marks = list(observation.interpretation).flatMap(codings);
  const marked = (code) => marks.some((one) => one?.system === MEASUREMENT_STATUS && one?.code === code);
  const meal = list(observation.component).find((part) => codings(part?.code).some((one) => one?.code === MEAL));
  return {
    id: textOf(observation.id),
    kind,
    subject: textOf(observation.subject?.reference),
    main: (panel ? component(SYSTOLIC) : quantity(observation)) ?? quantity(null),
    second: panel ? (component(DIASTOLIC) ?? quantity(null)) : null,
    pulse: component(PULSE_RATE),
    mean: component(MEAN_ARTERIAL),
    effective: textOf(observation.effectiveDateTime),
    flags: flagsOf(observation),
    doubtful: marked("questionable"),
    preliminary: observation.status === "preliminary" || marked("early-indication"),
    withdrawn: ["cancelled", "entered-in-error"].includes(observation.status),
    test: list(observation.meta?.security).some((one) => one?.code === TEST_DATA),
    site: textOf(observation.bodySite?.text),
    meal: textOf(meal?.valueCodeableConcept?.text),
    origin: textOf(list(observation.derivedFrom)[0]?.reference),
  };
}

/** Quantities keep the digits that were sent: 36.40 is not 36.4. Where the browser does not tell them, the number's. */
function withDigits(key, value, context) {
  if (key !== "value" || typeof value !== "number") return value;
  const source = context?.source ?? String(value);
  return /^-?\d+(\.\d+)?$/.test(source) ? source : String(value);
}

async function fetchJson(address) {
  const response = await fetch(address, { headers: { Accept: "application/fhir+json" } });
  if (response.status === 404 || response.status === 410) return null;
  if (!response.ok) throw new Error(`${address}: HTTP ${response.status}`);
  return JSON.parse(await response.text(), withDigits);
}

async function search(fhir, query) {
  const bundle = await fetchJson(`${fhir}/Observation?${new URLSearchParams(query)}`);
  return list(bundle?.entry)
    .map((entry) => readObservation(entry?.resource))
    .filter((reading) => reading !== null && !reading.withdrawn);
}

const newest = (patient, codes, count) => ({
  patient,
  code: codes.map((code) => `${LOINC}|${code}`).join(","),
  _sort: "-date",
  _count: String(count),
});

/** Whether a reading is of this patient ("Patient/…"); a server may write its own address before that. */
export function isOf(reading, patient) {
  return reading.subject === patient || (reading.subject?.endsWith(`/${patient}`) ?? false);
}

/** The newest readings of a patient, of all kinds, newest first. Throws when the server cannot be asked. */
export async function latestObservations(fhir, patient, count) {
  const codes = Object.values(KINDS).flatMap((kind) => kind.codes);
  const found = await search(fhir, newest(patient, codes, count));
  return found.filter((reading) => isOf(reading, patient)).slice(0, count);
}

/** The reading that a completed Task points to: by its id, or by its identifier; null when it points to none. */
export async function observationOf(fhir, task) {
  for (const item of list(task.output)) {
    const valueReference = item?.valueReference;
    const id = /^Observation\/([A-Za-z0-9.-]{1,64})$/.exec(valueReference?.reference ?? "")?.[1];
    if (id) return readObservation(await fetchJson(`${fhir}/Observation/${id}`));
    const { system, value } = valueReference?.identifier ?? {};
    if (value) return (await search(fhir, { identifier: `${system ?? ""}|${value}` }))[0] ?? null;
  }
  return null;
}

/** The weight of a weighing that came as body fat; it is sent after that. Null when it does not come. */
export async function weightBeside(fhir, patient, bodyFat) {
  for (let left = WEIGHT_TRIES; left > 0; left -= 1) {
    const weights = await search(fhir, newest(patient, KINDS.weight.codes, 10));
    const found = weights.find((one) => one.origin === `Observation/${bodyFat.id}` && isOf(one, patient));
    if (found) return found;
    if (left > 1) await new Promise((resolve) => setTimeout(resolve, WEIGHT_PAUSE_MS));
  }
  return null;
}
