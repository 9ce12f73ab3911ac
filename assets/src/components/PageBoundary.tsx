import { Component, type ReactNode } from "react";
import { useLocation } from "react-router";
import { ErrorState } from "./ErrorState";

/**
 * Keeps a page that cannot be shown from taking the frame with it: its code did not arrive, because the
 * server is away or was upgraded since this tab was opened, or it failed. Another page is another try.
 */
export function PageBoundary({ children }: { children: ReactNode }) {
  const { pathname } = useLocation();
  return <Boundary place={pathname}>{children}</Boundary>;
}

// React offers this to classes only.
class Boundary extends Component<{ place: string; children: ReactNode }, { hasFailed: boolean }> {
  override state = { hasFailed: false };

  static getDerivedStateFromError() {
    return { hasFailed: true };
  }

  override componentDidUpdate(previous: { place: string }) {
    if (this.state.hasFailed && previous.place !== this.props.place) this.setState({ hasFailed: false });
  }

  override render() {
    if (!this.state.hasFailed) return this.props.children;
    return (
      <ErrorState
        title="This page cannot be shown"
        message="The server may be away, or newer than this tab. Loading the page again brings both together."
        onRetry={() => window.location.reload()}
      />
    );
  }
}
