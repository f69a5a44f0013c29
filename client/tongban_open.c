/* Opening the connection of one run, for the commands that need a server. */
#include <stdlib.h>
#include <string.h>

#include "client/tongban_http.h"
#include "client/tongban_term.h"

int client_open(struct client *client)
{
    struct problem p;
    if (client->http)
        return EXIT_DONE;
    char *found = client->config_path ? strdup(client->config_path) : client_config_find();
    if (!found)
        return report_local(client, REPORT_CONFIG, "%s", _("no configuration was found"));
    int rc = client->config ? 0 : client_config_load(found, &client->config, &p);
    free(found);
    if (rc)
        return report_local(client, REPORT_CONFIG, "%s", p.detail);
    rc = http_open(client->config, &client->http, &p);
    return rc ? http_report(client, rc, &p) : EXIT_DONE;
}

void client_close(struct client *client)
{
    http_close(client->http);
    client_config_free(client->config);
    client->http = NULL;
    client->config = NULL;
}
