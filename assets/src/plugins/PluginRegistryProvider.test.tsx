import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";
import * as api from "../api/installations";
import type { PluginInstallation } from "../api/types";
import { usePluginRegistry } from "./PluginRegistryContext";
import { PluginRegistryProvider } from "./PluginRegistryProvider";

const MLFLOW: PluginInstallation = { id: 7, pluginKey: "mlflow", status: "installed" };

const CONSENT = { refused: [], permissionsDigest: "d1" };

function Probe() {
  const { isLoading, isPluginInstalled, install, uninstall, isInstalling } = usePluginRegistry();
  return (
    <>
      <output>{isLoading ? "loading" : isPluginInstalled("mlflow") ? "installed" : "absent"}</output>
      <button onClick={() => void install("mlflow", CONSENT).catch(() => {})}>
        {isInstalling("mlflow") ? "installing" : "install"}
      </button>
      <button onClick={() => void uninstall(7).catch(() => {})}>uninstall</button>
    </>
  );
}

const state = () => screen.getByRole("status").textContent;

let onServer: PluginInstallation[] = [];

beforeEach(() => {
  onServer = [];
  vi.spyOn(api, "getInstalledPlugins").mockImplementation(async () => [...onServer]);
  vi.spyOn(api, "installPlugin").mockImplementation(async () => {
    onServer = [MLFLOW];
    return MLFLOW;
  });
  vi.spyOn(api, "uninstallPlugin").mockImplementation(async () => {
    onServer = [];
  });
});

it("a plugin is there the moment it is installed and gone the moment it is removed", async () => {
  render(<PluginRegistryProvider children={<Probe />} />);
  await vi.waitFor(() => expect(state()).toBe("absent"));
  await userEvent.click(screen.getByText("install"));
  await vi.waitFor(() => expect(state()).toBe("installed"));
  await userEvent.click(screen.getByText("uninstall"));
  await vi.waitFor(() => expect(state()).toBe("absent"));
});

it("a refused install shows what another person has installed meanwhile", async () => {
  vi.spyOn(api, "installPlugin").mockImplementation(async () => {
    onServer = [MLFLOW];
    throw new Error("Plugin is already installed");
  });
  render(<PluginRegistryProvider children={<Probe />} />);
  await vi.waitFor(() => expect(state()).toBe("absent"));
  await userEvent.click(screen.getByText("install"));
  await vi.waitFor(() => expect(state()).toBe("installed"));
  expect(screen.getByText("install")).toBeTruthy();
});
