// SPDX-License-Identifier: LGPL-3.0-only
// export RECALL_URL=https://recall.example.cn RECALL_TOKEN=... RECALL_CFG=...
// java RecallClient.java LTZTEST18SA000001         (Java 11 or newer)
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.time.Duration;

public class RecallClient {
    // Clause 8.3.2: break off after 3 s and ask again; a repeated request is harmless.
    private static final Duration TIMEOUT = Duration.ofSeconds(3);
    private static final int TRIES = 2;

    private final HttpClient http = HttpClient.newBuilder()
        .version(HttpClient.Version.HTTP_1_1)
        .connectTimeout(TIMEOUT)
        .build();
    private final String url;
    private final String token;
    private final String cfg;

    RecallClient(String url, String token, String cfg) {
        this.url = url;
        this.token = token;
        this.cfg = cfg;
    }

    /** The answer as JSON; read api_status in it with the JSON library of your project. */
    String ask(String vin) throws IOException, InterruptedException {
        String message = String.format(
            "{\"api_exchange_token\": \"%s\", \"api_exchange_cfg\": \"%s\","
                + " \"api_exchange_vin\": \"%s\"}",
            token, cfg, vin);
        HttpRequest request = HttpRequest.newBuilder(URI.create(url + "/recall/v1/share"))
            .header("Content-Type", "application/json")
            .timeout(TIMEOUT)
            .POST(BodyPublishers.ofString(message))
            .build();
        for (int left = TRIES - 1; ; left--) {
            try {
                return http.send(request, BodyHandlers.ofString()).body();
            } catch (HttpTimeoutException error) {
                if (left == 0) {
                    throw error;
                }
            }
        }
    }

    public static void main(String[] arguments) throws Exception {
        RecallClient client = new RecallClient(
            System.getenv("RECALL_URL"), System.getenv("RECALL_TOKEN"),
            System.getenv("RECALL_CFG"));
        System.out.println(client.ask(arguments[0]));
    }
}
