import assert from "node:assert/strict";

const LIMIT_BYTES = 150 * 1000;

/** Counts what the network carried, compressed as it was. */
export async function firstDownload({ browser }) {
  const { page, watch } = await browser.visit();
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  let bytes = 0;
  session.on("Network.loadingFinished", ({ encodedDataLength }) => {
    bytes += encodedDataLength;
  });
  await page.goto("/sign-in");
  await page.getByLabel("E-mail").waitFor();
  await page.waitForLoadState("networkidle");
  console.log(`        sign-in: ${(bytes / 1000).toFixed(1)} kB on the wire`);
  assert.ok(bytes > 10_000, "nothing was counted");
  assert.ok(bytes <= LIMIT_BYTES, `the sign-in page takes ${bytes} bytes`);
  watch.assertQuiet();
}
