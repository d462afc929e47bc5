/** The rules that a machine can check of the interface's source: types, hooks, and the ladder of layers. */
import hooks from "eslint-plugin-react-hooks";
import ts from "typescript-eslint";

const LAYERS = ["generated", "engines", "shared", "features", "app"];

/** Forbids a layer what stands to its right; a feature also its sisters, which meet only in `app`. */
function ladder(layer, rank) {
  const right = LAYERS.slice(rank + 1).flatMap((name) => [`@/${name}/**`, `**/${name}/**`]);
  const groups =
    right.length === 0 ? [] : [{ group: right, message: `${layer} may only import leftwards: ${LAYERS.join(" ← ")}` }];
  if (layer === "features") {
    groups.push({
      group: ["@/features/**", "../*/**", "!../../**"],
      message: "features meet in app, never in each other",
    });
  }
  if (layer === "engines") {
    groups.push({
      group: ["react", "react/*", "react-dom", "react-dom/*", "@tanstack/*", "zustand"],
      message: "engines know neither React nor the DOM",
    });
  }
  return { files: [`src/${layer}/**/*.{ts,tsx}`], rules: { "no-restricted-imports": ["error", { patterns: groups }] } };
}

export default ts.config(
  { ignores: ["dist", "node_modules", "src/generated"] },
  ...ts.configs.strict,
  {
    files: ["src/**/*.{ts,tsx}"],
    plugins: { "react-hooks": hooks },
    rules: {
      ...hooks.configs.recommended.rules,
      "@typescript-eslint/no-non-null-assertion": "error",
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-unused-vars": ["error", { varsIgnorePattern: "^_$", ignoreRestSiblings: true }],
      // Concerns the React compiler, which is not used here.
      "react-hooks/incompatible-library": "off",
      "max-lines": ["error", 500],
      // What is written as HTML or evaluated would go round the Content-Security-Policy.
      "no-eval": "error",
      "no-restricted-syntax": [
        "error",
        { selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']", message: "markup is made of elements" },
      ],
    },
  },
  ...LAYERS.map(ladder),
);
