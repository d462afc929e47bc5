/** The fields of a record, each by the type that its collection's schema gives. */
import { Plus, X } from "lucide-react";
import { type FormEvent, useState } from "react";
import { fieldProblem } from "@/shared/problem";
import { Button, IconButton } from "@/shared/ui/button";
import { Choice, TextArea, TextField } from "@/shared/ui/field";
import type { CollectionSchema, FieldSchema } from "@/shared/wire";
import type { Editing } from "./draft";
import { read, shown, written } from "./values";

interface FieldsProps {
  editing: Editing;
  schema: CollectionSchema;
  editable: boolean;
  error: unknown;
}

export function Fields({ editing, schema, editable, error }: FieldsProps) {
  const { draft, set, setAttribute } = editing;
  const known = new Set(schema.fields.map(({ name }) => name));
  const free = Object.keys(draft.metadata).filter((key) => !known.has(key));
  return (
    <fieldset disabled={!editable} className="flex flex-col gap-4">
      <legend className="sr-only">Details</legend>
      <TextField
        label="Name"
        value={draft.name}
        required
        maxLength={200}
        error={fieldProblem(error, "name")}
        onChange={(event) => set({ name: event.target.value })}
      />
      <TextArea
        label="Description"
        value={draft.description}
        rows={5}
        maxLength={20_000}
        error={fieldProblem(error, "description")}
        onChange={(event) => set({ description: event.target.value })}
      />
      <div className="grid gap-4 sm:grid-cols-2">
        {schema.fields.map((field) => (
          <Attribute
            key={field.name}
            field={field}
            value={draft.metadata[field.name]}
            error={fieldProblem(error, `metadata.${field.name}`)}
            onChange={(value) => setAttribute(field.name, value)}
          />
        ))}
        {free.map((key) => (
          <TextField
            key={key}
            label={key}
            value={shown(draft.metadata[key])}
            readOnly={typeof draft.metadata[key] === "object"}
            onChange={(event) => setAttribute(key, event.target.value)}
            error={fieldProblem(error, `metadata.${key}`)}
            aside={
              editable && (
                <IconButton label={`Take out ${key}`} className="size-5" onClick={() => setAttribute(key, undefined)}>
                  <X />
                </IconButton>
              )
            }
          />
        ))}
      </div>
      {editable && (
        <AddAttribute onAdd={(key) => setAttribute(key, "")} taken={(key) => known.has(key) || key in draft.metadata} />
      )}
    </fieldset>
  );
}

interface AttributeProps {
  field: FieldSchema;
  value: unknown;
  error: string | null;
  onChange: (value: unknown) => void;
}

function Attribute({ field, value, error, onChange }: AttributeProps) {
  const text = written(field, value);
  const shared = { label: field.label, error, help: field.help || undefined };
  switch (field.type) {
    case "boolean":
      return (
        <Choice {...shared} value={text} onChange={(event) => onChange(read(field, event.target.value))}>
          <option value="">Not said</option>
          <option value="true">Yes</option>
          <option value="false">No</option>
        </Choice>
      );
    case "choice":
      return (
        <Choice {...shared} value={text} onChange={(event) => onChange(read(field, event.target.value))}>
          <option value="">Not said</option>
          {field.choices?.map((choice) => (
            <option key={choice} value={choice}>
              {choice}
            </option>
          ))}
        </Choice>
      );
    case "list":
      return (
        <TextArea
          {...shared}
          help={[field.help.replace(/\.?$/, "."), "One on each line."].filter((part) => part !== ".").join(" ")}
          value={text}
          rows={Math.min(6, Math.max(2, text.split("\n").length))}
          onChange={(event) => onChange(read(field, event.target.value))}
        />
      );
    case "number":
      return (
        <TextField
          {...shared}
          type="number"
          step="any"
          value={text}
          onChange={(event) => onChange(read(field, event.target.value))}
        />
      );
    default:
      return <TextField {...shared} value={text} onChange={(event) => onChange(read(field, event.target.value))} />;
  }
}

function AddAttribute({ onAdd, taken }: { onAdd: (key: string) => void; taken: (key: string) => boolean }) {
  const [open, setOpen] = useState(false);
  if (!open) {
    return (
      <div>
        <Button look="quiet" onClick={() => setOpen(true)}>
          <Plus /> Another attribute
        </Button>
      </div>
    );
  }
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const key = String(new FormData(event.currentTarget).get("key")).trim();
    if (key === "" || taken(key)) return;
    onAdd(key);
    setOpen(false);
  };
  return (
    <form onSubmit={submit} className="flex items-end gap-2">
      <TextField label="Attribute" name="key" maxLength={64} autoFocus placeholder="motto" />
      <Button type="submit">Add</Button>
    </form>
  );
}
