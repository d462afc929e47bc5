/** The record that is open beside the panel: a question that names nothing may be about it. */
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { recordQuery } from "@/shared/queries";
import type { Entity } from "@/shared/wire";

/** The open record, unless the person said that it is not meant; that holds until another is opened. */
export function useAbout(project: string): [Entity | null, () => void] {
  const { collection = "", record = "" } = useParams({ strict: false });
  const [forgotten, setForgotten] = useState<string | null>(null);
  const open = useQuery({ ...recordQuery(project, collection, record), enabled: collection !== "" && record !== "" });
  const about = record !== "" && record !== forgotten ? (open.data ?? null) : null;
  return [about, () => setForgotten(record)];
}
