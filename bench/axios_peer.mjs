// Axios as Uptime Kuma uses it: a new agent for each check, so a fresh connection. Checks URL with IN_FLIGHT under way
// for SECONDS after a second of warm-up; prints checks per CPU-second and per second of wall time.
import http from "node:http";
import https from "node:https";
import { readFileSync } from "node:fs";
import axios from "axios";

const [url, inFlight, seconds, caFile] = process.argv.slice(2);
const ca = readFileSync(caFile);
let done = 0;
let going = true;

async function one() {
  while (going) {
    const agents = { httpAgent: new http.Agent(), httpsAgent: new https.Agent({ ca, maxCachedSessions: 0 }) };
    const answer = await axios.get(url, { ...agents, timeout: 10000, responseType: "text", proxy: false });
    if (answer.status !== 200 || !answer.data.includes("up")) throw new Error("not up");
    done += 1;
  }
}

const sleep = (s) => new Promise((resolve) => setTimeout(resolve, s * 1000));
const all = Array.from({ length: Number(inFlight) }, one);
await sleep(1);
const [before, cpu, began] = [done, process.cpuUsage(), performance.now()];
await sleep(Number(seconds));
const used = process.cpuUsage(cpu);
const checks = done - before;
const wall = (performance.now() - began) / 1000;
console.log(checks / ((used.user + used.system) / 1e6), checks / wall);
going = false;
await Promise.all(all);
process.exit(0);
