/** The help sheet: all that can be done here by a key. */
import { useActions } from "@/shared/actions";
import { layout, useLayout } from "@/shared/layout";
import { Dialog } from "@/shared/ui/dialog";
import { Keys } from "@/shared/ui/keys";

export function Help() {
  const open = useLayout((state) => state.help);
  const actions = useActions().filter(({ shortcut }) => shortcut !== undefined);
  const groups = [...new Set(actions.map(({ group }) => group))];
  return (
    <Dialog open={open} onClose={() => layout.setHelp(false)} title="Shortcuts">
      <div className="grid gap-x-8 gap-y-4 overflow-y-auto p-4 sm:grid-cols-2">
        {groups.map((group) => (
          <section key={group}>
            <h3 className="mb-1 text-xs font-medium text-ink-3">{group}</h3>
            <ul>
              {actions
                .filter((action) => action.group === group)
                .map(({ id, name, shortcut }) => (
                  <li key={id} className="flex items-center justify-between gap-4 py-1 text-sm">
                    {name}
                    {shortcut !== undefined && <Keys shortcut={shortcut} />}
                  </li>
                ))}
            </ul>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
