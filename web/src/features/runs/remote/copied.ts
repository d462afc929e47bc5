/** What is copied of a terminal's rows: the lines as they were written, not as they are wrapped. */
import type { ClipboardEvent } from "react";

/** The attribute of a row; `on` for one that goes on with the line of the row before it. */
export const ROW_DATA = "data-row";

export function copyLines(event: ClipboardEvent<HTMLElement>): void {
  const selection = window.getSelection();
  if (!selection || selection.isCollapsed) return;
  const chosen = selection.getRangeAt(0);
  const rows = [...event.currentTarget.querySelectorAll(`[${ROW_DATA}]`)].filter((row) => chosen.intersectsNode(row));
  const pieces = rows.map((row, at) => {
    const part = document.createRange();
    part.selectNodeContents(row);
    if (part.compareBoundaryPoints(Range.START_TO_START, chosen) < 0)
      part.setStart(chosen.startContainer, chosen.startOffset);
    if (part.compareBoundaryPoints(Range.END_TO_END, chosen) > 0) part.setEnd(chosen.endContainer, chosen.endOffset);
    return (at > 0 && row.getAttribute(ROW_DATA) !== "on" ? "\n" : "") + part.toString();
  });
  event.clipboardData.setData("text/plain", pieces.join(""));
  event.preventDefault();
}
