// Compiles SchemaStore's copies of the schemas as its `cli.js check` does, and asks of each file whether it fits.
const fs = require("fs")
const path = require("path")
const Ajv = require("ajv").default

const folder = process.argv[2]
const entries = JSON.parse(fs.readFileSync(path.join(folder, "schema-validation-entries.json")))
const wrong = []
for (const [file, option] of Object.entries(entries.options)) {
  const name = file.replace(".json", "")
  const ajv = new Ajv({ allErrors: true, strict: true, strictTypes: false, strictTuple: false, strictRequired: false })
  ajv.addVocabulary(["defaultSnippets", ...option.unknownKeywords])
  const fits = ajv.compile(JSON.parse(fs.readFileSync(path.join(folder, "src/schemas/json", file))))
  for (const [kind, wanted] of [["test", true], ["negative_test", false]]) {
    const tests = JSON.parse(fs.readFileSync(path.join(folder, `${kind}-${name}.json`)))
    for (const [test, value] of Object.entries(tests)) if (fits(value) !== wanted) wrong.push(`${kind}/${name}/${test}`)
  }
}
console.log(JSON.stringify(wrong))
