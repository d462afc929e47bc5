/** The sign of each collection, the same wherever it is named. */
import { Box, Clapperboard, Lightbulb, type LucideIcon, MapPin, StickyNote, Tv, User } from "lucide-react";

const ICONS: Record<string, LucideIcon> = {
  characters: User,
  scenes: Clapperboard,
  locations: MapPin,
  episodes: Tv,
  concepts: Lightbulb,
  notes: StickyNote,
};

/** A collection that is not known here yet gets a box. */
export function collectionIcon(collection: string): LucideIcon {
  return ICONS[collection] ?? Box;
}
