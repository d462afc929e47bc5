/** The look of a tab above the parts of a screen. */
export const TAB =
  "border-b-2 border-transparent px-1 py-2 text-sm text-ink-2 hover:text-ink focus-visible:-outline-offset-2 data-[state=active]:border-ink data-[state=active]:font-medium data-[state=active]:text-ink";
