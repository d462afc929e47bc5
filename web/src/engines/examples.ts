/** Questions and statements to begin with, made of what is in the project. */
import type { components } from "../generated/api";

type Mode = components["schemas"]["Mode"];

/** Some names of each collection; empty where there is none. */
export interface Cast {
  characters: readonly string[];
  locations: readonly string[];
  scenes: readonly string[];
}

/** At most four examples for a mode; none where there is nothing to ask about. */
export function examples(mode: Mode, { characters, locations, scenes }: Cast): string[] {
  const [first, second] = characters;
  const place = locations[0];
  switch (mode) {
    case "query":
      return [
        ...(first ? [`Which scenes is ${first} in?`] : []),
        ...(first && scenes.length > 0 ? ["Who has the most dialogue?"] : []),
        ...(first && second ? [`Where does ${first} meet ${second}?`] : []),
        ...(place ? [`What happens at ${place}?`] : []),
      ];
    case "data":
      return [
        first
          ? `Nadia Reyes is a 34-year-old harbour pilot. She is the sister of ${first}.`
          : "Nadia Reyes is a 34-year-old harbour pilot who never sleeps ashore.",
        `type: location\nname: ${place === "Old Lighthouse" ? "The Breakwater" : "Old Lighthouse"}\ndescription: A tower that no longer turns.`,
      ];
    case "chat":
      return ["What can you do?", "How do I bring in a screenplay?", "Which shortcuts are there?"];
    case "task":
      return scenes.length === 0
        ? []
        : [
            "Prepare the film for shooting",
            "Plan the shooting days and write the call sheets",
            ...(first ? ["Check the cast and the continuity"] : []),
            "List the sounds and the music",
          ];
  }
}
