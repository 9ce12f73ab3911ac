/** Where to go after sign-in. Only a path of this origin is followed, whatever the address bar says. */
export function readReturnPath(parameters: URLSearchParams): string {
  const path = parameters.get("return") ?? "/";
  const isOwnPath = /^\/(?![/\\])/.test(path) && !path.startsWith("/sign-in");
  return isOwnPath ? path : "/";
}
