import { statusNotification, statusRequest } from "../../protocol/requests.ts";
import type { Feature } from "./feature.ts";

/** dbt/status and dbt/getStatus: how every project is. */
export const status: Feature = {
  readsOnly: true,
  register({ answer, connection, projects }) {
    projects.on({
      status: (all) => void connection.sendNotification(statusNotification, { projects: all }),
    });
    answer(statusRequest, "Reading the status", async () => {
      await projects.settled();
      return { projects: projects.statuses };
    });
  },
};
