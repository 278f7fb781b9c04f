// Lays the files that browsers load into dist/, with each library's licence beside them.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { buildSync } from "esbuild";

const FILES = {
  "htmx.js": "htmx.org/dist/htmx.min.js",
  "axe.js": "axe-core/axe.min.js", // for the tests: no page names it
};
// published as CommonJS modules: each becomes one ES module, what it needs included
const BUNDLES = { "jssip.js": "jssip" };

function licenceOf(library) {
  const names = ["LICENSE", "LICENSE.md", "LICENSE.txt", "license.md"];
  return names.map((name) => `node_modules/${library}/${name}`).find((path) => existsSync(path));
}

rmSync("dist", { recursive: true, force: true });
mkdirSync("dist");
for (const [name, from] of Object.entries(FILES)) {
  cpSync(`node_modules/${from}`, `dist/${name}`);
  const licence = licenceOf(from.split("/")[0]);
  if (licence) cpSync(licence, `dist/${name.replace(/\.js$/, "")}.LICENSE`);
}
for (const [name, library] of Object.entries(BUNDLES)) {
  const { metafile } = buildSync({
    entryPoints: [library], outfile: `dist/${name}`, bundle: true, minify: true, format: "esm",
    platform: "browser", target: "es2020", metafile: true, logLevel: "warning",
  });
  const inside = Object.keys(metafile.inputs).map((path) => path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1]);
  const texts = [...new Set(inside)].filter((one) => one && licenceOf(one))
    .map((one) => `${one}\n\n${readFileSync(licenceOf(one), "utf8").trim()}\n`);
  writeFileSync(`dist/${name.replace(/\.js$/, "")}.LICENSE`, texts.join("\n---\n\n"));
}
