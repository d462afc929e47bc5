/** The time on the screen, which moves while something is under way and stands still otherwise. */
import { useEffect, useState } from "react";

/** Milliseconds since 1970, a second old at most while it moves. */
export function useNow(moving: boolean): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!moving) return;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [moving]);
  return now;
}
