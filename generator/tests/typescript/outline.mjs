// The outline of TypeScript and JavaScript files whatever their names and texts are: how often each kind of syntax node
// occurs, and whether they parse. Reads {client: {path: text}} and prints {client: {path: {kind: count}}}.
import ts from "typescript";

const clients = JSON.parse(await new Response(process.stdin).text());

function outline(path, text) {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, false, path.endsWith(".ts") ? ts.ScriptKind.TS : ts.ScriptKind.JS);
  const kinds = { errors: source.parseDiagnostics.length };
  const visit = (node) => {
    const kind = ts.SyntaxKind[node.kind];
    // Documentation counts as text; and a name that needs quotes is a name.
    kinds[kind] = (kinds[kind] ?? 0) + 1;
    ts.forEachChild(node, visit);
  };
  visit(source);
  return kinds;
}

const outlines = Object.entries(clients).map(([name, files]) => [
  name,
  Object.fromEntries(Object.entries(files).filter(([path]) => /\.m?[jt]s$/.test(path)).map(([path, text]) => [path, outline(path, text)])),
]);
console.log(JSON.stringify(Object.fromEntries(outlines)));
