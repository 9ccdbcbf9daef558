// What a nurse asks and gets of a blood pressure, as FHIR R4: makes the Task, reads the Observation; no call, no page.
const LOINC = "http://loinc.org";
const PANEL = "85354-9";
const SYSTOLIC = "8480-6";
const DIASTOLIC = "8462-4";
const PULSE_RATE = "8867-4";

/** A request for a blood pressure of `patient` ("Patient/…"), with an identity of its own. */
export function requestTask(patient) {
  return {
    resourceType: "Task",
    identifier: [{ system: "urn:ietf:rfc:3986", value: `urn:uuid:${crypto.randomUUID()}` }],
    status: "requested",
    intent: "order",
    code: { coding: [{ system: LOINC, code: PANEL }] },
    for: { reference: patient },
  };
}

export function identifierOf(task) {
  const value = task?.identifier?.[0]?.value;
  return typeof value === "string" ? value : null;
}

function hasCode(concept, code) {
  return Array.isArray(concept?.coding) && concept.coding.some((c) => c?.system === LOINC && c?.code === code);
}

function quantity(observation, code) {
  const component = observation.component?.find?.((part) => hasCode(part?.code, code));
  const value = component?.valueQuantity?.value;
  return typeof value === "number" && Number.isFinite(value) ? { value, unit: component.valueQuantity.code ?? null } : null;
}

/** `{id, systolic, diastolic, pulseRate, unit, effective}`; absent numbers are null. Null if it is something else. */
export function readObservation(observation) {
  if (observation?.resourceType !== "Observation" || !hasCode(observation.code, PANEL)) return null;
  const systolic = quantity(observation, SYSTOLIC);
  return {
    id: typeof observation.id === "string" ? observation.id : null,
    systolic: systolic?.value ?? null,
    diastolic: quantity(observation, DIASTOLIC)?.value ?? null,
    pulseRate: quantity(observation, PULSE_RATE)?.value ?? null,
    unit: systolic?.unit ?? null,
    effective: observation.effectiveDateTime ?? null,
  };
}

async function fetchJson(address) {
  const response = await fetch(address, { headers: { Accept: "application/fhir+json" } });
  if (!response.ok) throw new Error(`${address}: HTTP ${response.status}`);
  return response.json();
}

async function searchObservations(fhir, query) {
  const bundle = await fetchJson(`${fhir}/Observation?${new URLSearchParams(query)}`);
  const entries = Array.isArray(bundle?.entry) ? bundle.entry : [];
  return entries.map((entry) => readObservation(entry?.resource)).filter(Boolean);
}

/** The newest readings of a patient, newest first. Throws when the server cannot be asked. */
export function latestObservations(fhir, patient, count) {
  return searchObservations(fhir, { patient, code: `${LOINC}|${PANEL}`, _sort: "-date", _count: String(count) });
}

/** The reading that a completed Task points to: by its id, or by its identifier; null when it points to none. */
export async function observationOf(fhir, task) {
  const output = Array.isArray(task.output) ? task.output : [];
  for (const item of output) {
    const valueReference = item?.valueReference;
    const id = /^Observation\/([A-Za-z0-9.-]{1,64})$/.exec(valueReference?.reference ?? "")?.[1];
    if (id) return readObservation(await fetchJson(`${fhir}/Observation/${id}`));
    const { system, value } = valueReference?.identifier ?? {};
    if (value) return (await searchObservations(fhir, { identifier: `${system ?? ""}|${value}` }))[0] ?? null;
  }
  return null;
}
