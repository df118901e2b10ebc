import { statusNotification, statusRequest } from "../../protocol/requests.ts";
import type { Feature } from "./feature.ts";

/** dbt/status and dbt/getStatus: how every project is. */
export const status: Feature = {
  readsOnly: true,
  register({ connection, guard, projects }) {
    projects.on({
      status: (all) => void connection.sendNotification(statusNotification, { projects: all }),
    });
    connection.onRequest(
      statusRequest,
      guard.command("Reading the status", async () => {
        await projects.settled();
        return { projects: projects.statuses };
      }),
    );
  },
};
