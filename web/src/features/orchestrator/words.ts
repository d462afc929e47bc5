/** What stands in the input and was not sent yet; it survives closing the panel. */
import { create } from "zustand";

export const useWords = create<{ words: string }>(() => ({ words: "" }));

export function put(words: string): void {
  useWords.setState({ words });
}
