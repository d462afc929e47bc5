/** Pictures of the main screens in both themes, for `docs/pictures`; only taken when `ATELIER_PICTURES` names a folder. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";

const folder = process.env.ATELIER_PICTURES;

export async function picture(page, name) {
  if (!folder) return;
  await mkdir(folder, { recursive: true });
  for (const theme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    await page.screenshot({ path: join(folder, `${name}-${theme}.png`) });
  }
  await page.emulateMedia({ colorScheme: "light" });
}
