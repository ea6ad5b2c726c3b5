// What typescript-eslint calls strict and stylistic, with types; run in the folder of the runtime or of a generated client.
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["dist/", "test/"] },
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: process.cwd() } },
    rules: {
      // The client of a document without operations checks its options, and no more.
      "@typescript-eslint/no-extraneous-class": ["error", { allowConstructorOnly: true }],
      // An empty option or variable counts as a missing one.
      "@typescript-eslint/prefer-nullish-coalescing": ["error", { ignorePrimitives: { string: true } }],
      // Numbers in messages read as they are.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
    },
  },
);
