// What a nurse can ask for and how a care platform codes it (FHIR R4, LOINC); no words, no page, no network.
export const LOINC = "http://loinc.org";

/**
 * By kind (the kiosk's own names): `ask` is the code of a request, `codes` are those of its Observations,
 * `panel`: the numbers stand in components.
 */
export const KINDS = {
  "blood-pressure": { ask: "85354-9", codes: ["85354-9"], panel: true },
  "pulse-oximetry": { ask: "59408-5", codes: ["2708-6", "59408-5"] },
  weight: { ask: "29463-7", codes: ["29463-7"] },
  temperature: { ask: "8310-5", codes: ["8310-5"] },
  // Moles and mass, of capillary blood, blood, plasma and tissue fluid.
  glucose: { ask: "15074-8", codes: ["14743-9", "41653-7", "15074-8", "2339-0", "14749-6", "2345-7", "99504-3"] },
};

/** A weighing barefoot is sent as body fat; the weight is an Observation of its own, derived from it. */
export const BODY_FAT = "41982-0";

export const SYSTOLIC = "8480-6";
export const DIASTOLIC = "8462-4";
export const MEAN_ARTERIAL = "8478-0";
export const PULSE_RATE = "8867-4";

export function hasCode(concept, code) {
  return Array.isArray(concept?.coding) && concept.coding.some((c) => c?.system === LOINC && c?.code === code);
}

/** The kind that a FHIR CodeableConcept names, or null. */
export function kindOf(concept) {
  return Object.keys(KINDS).find((kind) => KINDS[kind].codes.some((code) => hasCode(concept, code))) ?? null;
}

/** A request for a measurement of `patient` ("Patient/…"), with an identity of its own. */
export function requestTask(kind, patient) {
  return {
    resourceType: "Task",
    identifier: [{ system: "urn:ietf:rfc:3986", value: `urn:uuid:${crypto.randomUUID()}` }],
    status: "requested",
    intent: "order",
    code: { coding: [{ system: LOINC, code: KINDS[kind].ask }] },
    for: { reference: patient },
  };
}

export function identifierOf(task) {
  const value = task?.identifier?.[0]?.value;
  return typeof value === "string" ? value : null;
}
