/** The cache of what the server said, and how long it is believed. */
import { QueryClient } from "@tanstack/react-query";
import { passing } from "./problem";

export const client = new QueryClient({
  defaultOptions: {
    queries: {
      // Live events say what has changed; the age only covers what no event tells.
      staleTime: 5 * 60_000,
      gcTime: 30 * 60_000,
      retry: (failures, error) => failures < 3 && passing(error),
      refetchOnWindowFocus: true,
      refetchOnReconnect: true,
    },
    mutations: { retry: false },
  },
});
