/* The least MCP server on stdio: one tool that answers `still here`. For a program that is linked statically.
 *
 * Reads requests of a line each whose id is a number or a text without escapes.
 */
#include <stdio.h>
#include <string.h>

enum { LINE = 65536 };

/* The id with its quotes, or nothing for a notification. */
static int id_of(const char *line, char *id, size_t size) {
    const char *start = strstr(line, "\"id\":");
    size_t length;
    if (start == NULL)
        return 0;
    start += strlen("\"id\":");
    start += strspn(start, " ");
    length = *start == '"' ? strcspn(start + 1, "\"") + 2 : strcspn(start, ",}");
    if (length >= size)
        return 0;
    memcpy(id, start, length);
    id[length] = '\0';
    return 1;
}

static const char *result_of(const char *line) {
    if (strstr(line, "\"initialize\""))
        return "{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{\"tools\":{}},"
               "\"serverInfo\":{\"name\":\"static\",\"version\":\"1\"}}";
    if (strstr(line, "\"tools/list\""))
        return "{\"tools\":[{\"name\":\"presence\",\"inputSchema\":{\"type\":\"object\"}}]}";
    if (strstr(line, "\"tools/call\""))
        return "{\"content\":[{\"type\":\"text\",\"text\":\"still here\"}]}";
    return "{}";
}

int main(void) {
    static char line[LINE];
    char id[128];
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (!id_of(line, id, sizeof id))
            continue;
        printf("{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":%s}\n", id, result_of(line));
        fflush(stdout);
    }
    return 0;
}
