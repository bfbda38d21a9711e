// The Clarity version the contracts are tested as: CLARITY=4, 5 or 6 in the environment; 4 without it.

export const VERSIONS = [4, 5, 6];
const EPOCHS = { 4: "3.4", 5: "3.4", 6: "4.0" };

/** The version and the epoch it is deployed in. */
export function clarityOf(setting = process.env.CLARITY || "4") {
  const version = Number(setting);
  if (!VERSIONS.includes(version)) throw new Error(`CLARITY is one of ${VERSIONS.join(", ")}, not ${setting}`);
  return { version, epoch: EPOCHS[version] };
}

/** A manifest whose contracts are deployed as that version. */
export function manifestAs(text, { version, epoch }) {
  return text.replaceAll(/^clarity_version = 4$/gm, `clarity_version = ${version}`).replaceAll(/^epoch = "3\.4"$/gm, `epoch = "${epoch}"`);
}
