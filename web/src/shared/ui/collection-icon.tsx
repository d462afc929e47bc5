/** The sign of a collection. */
import { createElement } from "react";
import { collectionIcon } from "../icons";

export function CollectionIcon({ collection, className }: { collection: string; className?: string }) {
  return createElement(collectionIcon(collection), { className });
}
