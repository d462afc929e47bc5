// @vitest-environment jsdom
/** The rules of a command that is typed. */
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { useState } from "react";
import { afterEach, expect, test } from "vitest";
import { TipProvider } from "@/shared/ui/tip";
import { Arguments } from "./arguments";

afterEach(cleanup);

function Form() {
  const [argv, setArgv] = useState<string[]>([]);
  return (
    <TipProvider>
      <Arguments argv={argv} onArgv={setArgv} error={null} />
      <output>{JSON.stringify(argv)}</output>
    </TipProvider>
  );
}

const type = (label: string, value: string) => fireEvent.change(screen.getByLabelText(label), { target: { value } });
const given = () => JSON.parse(screen.getByRole("status").textContent) as string[];
const press = (name: string) => fireEvent.click(screen.getByRole("button", { name }));

test("a line is given as its arguments, and each of them is shown", () => {
  render(<Form />);
  type("Command", `git commit -m "a harbour" ''`);
  expect(given()).toEqual(["git", "commit", "-m", "a harbour", ""]);
  expect(screen.getAllByRole("listitem").map((item) => item.textContent)).toEqual([
    "git",
    "commit",
    "-m",
    "a harbour",
    "empty",
  ]);
});

test("half a quote is told, and nothing is given until it is closed", () => {
  render(<Form />);
  type("Command", `echo "half`);
  expect(screen.getByText('The quote " is not closed.')).toBeTruthy();
  expect(given()).toEqual([]);
  type("Command", `echo "whole"`);
  expect(given()).toEqual(["echo", "whole"]);
});

test("each argument has its field, may be taken out, and all of them become a line again", () => {
  render(<Form />);
  type("Command", "cargo test --all");
  press("One field for each");
  type("Argument 1", "two words");
  press("Take out argument 2");
  press("One more");
  expect(given()).toEqual(["cargo", "two words", ""]);
  press("As a line");
  expect(screen.getByLabelText<HTMLInputElement>("Command").value).toBe("cargo 'two words' ''");
});
