/** The server's types by their short names; every one of them is generated. */
import type { components } from "@/generated/api";

export type Schemas = components["schemas"];

export type Project = Schemas["Project"];
export type Entity = Schemas["Record"];
export type EntityChanged = Schemas["RecordChanged"];
export type CollectionSchema = Schemas["CollectionSchema"];
export type FieldSchema = Schemas["FieldSchema"];
export type Relationship = Schemas["Relationship"];
export type Message = Schemas["Message"];
export type Mode = Schemas["Mode"];
export type Role = Schemas["Role"];
export type User = Schemas["User"];
export type Agent = Schemas["Agent"];
export type ToClient = Schemas["ToClient"];

/** A page of a list; all lists have the shape of this one. */
export type Page<T> = Omit<Schemas["Page_Record"], "docs"> & { docs: T[] };

export type ScheduledOrder = Schemas["ScheduledOrder"];
export type Schedule = Schemas["Schedule"];

export type RemoteEngine = Schemas["RemoteEngine"];
export type Deliver = Schemas["RemoteDeliver"];
export type RemoteOrder = Schemas["RemoteOrder"];
export type CreateRemote = Schemas["CreateRemote"];
export type Execution = Schemas["Execution"];
export type Outcome = Schemas["RemoteOutcome"];
export type End = Schemas["RemoteEnd"];
export type ChangedFile = Schemas["ChangedFile"];
