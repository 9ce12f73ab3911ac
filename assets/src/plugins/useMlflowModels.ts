import { useState } from "react";
import { getMlflowModels } from "../api/mlflow";
import { toMessage } from "../api/toMessage";
import type { MlflowModel } from "../api/types";
import { useResource } from "../api/useResource";

export interface MlflowModelList {
  /** Null while the first page is on its way. */
  models: MlflowModel[] | null;
  total: number;
  hasMore: boolean;
  isLoadingMore: boolean;
  error: string | null;
  loadMore: () => void;
  reload: () => void;
}

interface FurtherPages {
  /** The first page that they continue: a newer one makes them void. */
  after: unknown;
  models: MlflowModel[];
  nextOffset: number | null;
}

/** The synchronized models, a page at a time. */
export function useMlflowModels(): MlflowModelList {
  const first = useResource("", (signal) => getMlflowModels(0, signal));
  const [further, setFurther] = useState<FurtherPages | null>(null);
  const [isLoadingMore, setLoadingMore] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const continued = further !== null && further.after === first.data ? further : null;
  const nextOffset = continued ? continued.nextOffset : (first.data?.nextOffset ?? null);

  async function loadMore(offset: number) {
    setLoadingMore(true);
    setError(null);
    try {
      const page = await getMlflowModels(offset);
      const models = [...(continued?.models ?? []), ...page.models];
      setFurther({ after: first.data, models, nextOffset: page.nextOffset ?? null });
    } catch (failure) {
      setError(toMessage(failure));
    } finally {
      setLoadingMore(false);
    }
  }

  const models = first.data ? [...first.data.models, ...(continued?.models ?? [])] : null;
  return {
    models,
    total: first.data?.total ?? models?.length ?? 0,
    hasMore: nextOffset !== null,
    isLoadingMore,
    error: first.error ?? error,
    loadMore: () => {
      if (nextOffset !== null && !isLoadingMore) void loadMore(nextOffset);
    },
    reload: first.reload,
  };
}
