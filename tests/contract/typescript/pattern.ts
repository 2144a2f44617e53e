// The pattern of a pipeline with generated types: make a monitor, wait for a result, remove it.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

declare const process: { env: Record<string, string | undefined> };

type Monitor = components["schemas"]["Monitor"];
type Assertion = NonNullable<components["schemas"]["HttpMonitorRequest"]["assertions"]>[number];

const between: Assertion = { source: "status_code", comparison: "between", target: [200, 299] };
// @ts-expect-error less_than takes a number, not a list of them.
const unfit: Assertion = { source: "status_code", comparison: "less_than", target: [200, 299] };

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

const api = createClient<paths>({
  baseUrl: setting("API_URL"),
  headers: { Authorization: `Bearer ${setting("API_TOKEN")}` },
});

async function waitForResult(id: number): Promise<Monitor> {
  const deadline = Date.now() + 90_000;
  for (;;) {
    const { data, error } = await api.GET("/api/monitors/{id}", { params: { path: { id } } });
    if (error) throw new Error(error.detail);
    if (data.lastResult || Date.now() > deadline) return data;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

const { data: made, error } = await api.POST("/api/monitors", {
  body: { name: "From TypeScript", type: "http", url: setting("TARGET_URL"), intervalSeconds: 10, assertions: [between] },
});
if (error) throw new Error(error.errors.map((one) => `${one.pointer}: ${one.detail}`).join("; "));
const seen = await waitForResult(made.id);
const removed = await api.DELETE("/api/monitors/{id}", { params: { path: { id: made.id } } });
console.log(
  JSON.stringify({
    status: seen.status,
    statusCode: seen.lastResult?.statusCode,
    gone: removed.response.status === 204,
  }),
);
