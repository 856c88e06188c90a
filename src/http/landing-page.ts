/** The page at `/`, as exporters have it. `version` comes from package.json, not from users. */
export function landingPage(version: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>ipvscope</title></head>
<body>
<h1>ipvscope ${version}</h1>
<p>How Linux IPVS handles connections that reuse a source port, seen from inside the kernel.</p>
<ul>
<li><a href="/metrics">Metrics</a></li>
<li><a href="/healthz">Liveness</a></li>
<li><a href="/readyz">Readiness</a></li>
</ul>
</body>
</html>
`;
}
