import Button from "@mui/material/Button";
import ExploreOffOutlined from "@mui/icons-material/ExploreOffOutlined";
import { Link } from "react-router";
import { EmptyState } from "../../components/EmptyState";
import { PageHeader } from "../../components/PageHeader";

export default function NotFoundPage() {
  return (
    <>
      <PageHeader title="Page not found" />
      <EmptyState
        icon={<ExploreOffOutlined />}
        title="There is nothing at this address"
        action={
          <Button component={Link} to="/plugins" variant="outlined">
            Go to Plugins
          </Button>
        }
      >
        The address may be old or mistyped. The pages of Souk are in the navigation.
      </EmptyState>
    </>
  );
}
