/* SPDX-License-Identifier: Apache-2.0 */
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Runs one case through the hook or through the planner; both are programs of the project. */
final class Delivery {
    /** reason is empty if something changed, else why not; exactly one of the others is set. */
    record Result(String reason, String said, List<String> arguments, Properties properties) {}

    static final String[] SETTINGS = {"listeners", "advertised.listeners",
        "listener.security.protocol.map"};
    private static final String[] READ = {"listeners", "advertised.listeners",
        "listener.security.protocol.map", "controller.listener.names", "process.roles",
        "inter.broker.listener.name", "security.inter.broker.protocol", "host.name", "port",
        "advertised.host.name", "advertised.port"};
    private static final Pattern LEFT = Pattern.compile("not added \\(([a-z-]+)\\)");

    private final Path hook;
    private final Path plan;
    private final Path standIn;
    private final Path scratch;

    Delivery(Path hook, Path plan, Path standIn, Path scratch) {
        this.hook = hook;
        this.plan = plan;
        this.standIn = standIn;
        this.scratch = scratch;
    }

    /** The broker's start script with BASH_ENV, as in a pod; home says which Kafka is there. */
    Result hook(Case c, Path file, boolean before3) throws Exception {
        Path dump = scratch.resolve("dump");
        Files.deleteIfExists(dump);
        List<String> command = new ArrayList<>(List.of(standIn.toString(), "-name", "kafkaServer",
            "kafka.Kafka", file.toString()));
        command.addAll(c.arguments);
        ProcessBuilder builder = new ProcessBuilder(command);
        Map<String, String> env = builder.environment();
        env.put("BASH_ENV", hook.toString());
        env.put("PORTSIDE_RUN_DIR", scratch.resolve("run").toString());
        env.put("KAFKA_HOME", home(before3).toString());
        env.put("JUDGE_DUMP", dump.toString());
        List<String> specs = new ArrayList<>();
        for (Case.Wish wish : c.wishes) {
            String prefix = "PORTSIDE_" + wish.exposure().toUpperCase(Locale.ROOT).replace('-', '_');
            env.put(prefix + "_HOST", wish.host());
            env.put(prefix + "_PORT", wish.endpointPort());
            specs.add(wish.spec());
        }
        env.put("PORTSIDE_LISTENERS", String.join(",", specs));
        if (!c.rack.isEmpty()) {
            env.put("PORTSIDE_RACK", c.rack);
        }
        env.putAll(c.env);
        String said = run(builder);
        List<String> arguments = new ArrayList<>(Arrays.asList(Files.readString(dump).split("\0")));
        arguments = arguments.subList(arguments.indexOf("kafka.Kafka") + 1, arguments.size());
        return new Result(reason(said), said, arguments, null);
    }

    private static String reason(String said) {
        Matcher left = LEFT.matcher(said);
        if (left.find()) {
            return left.group(1);
        }
        if (said.contains("process.roles is 'controller'")) {
            return "controller-only";
        }
        return said.contains("advertised as") ? "" : "already";
    }

    private Path home(boolean before3) throws IOException {
        Path home = scratch.resolve(before3 ? "home-2" : "home-4");
        Path libs = Files.createDirectories(home.resolve("libs"));
        Path jar = libs.resolve(before3 ? "kafka_2.13-2.8.2.jar" : "kafka_2.13-4.3.1.jar");
        if (!Files.exists(jar)) {
            Files.createFile(jar);
        }
        return home;
    }

    /** The planner on the settings that the file and the overrides amount to. */
    Result plan(Case c, Properties original, boolean before3) throws Exception {
        List<String> command = new ArrayList<>(List.of(plan.toString(), before3 ? "2" : "3"));
        for (String key : READ) {
            if (original.getProperty(key) != null) {
                command.add(key + "=" + original.getProperty(key));
            }
        }
        command.add("--");
        for (Case.Wish wish : c.wishes) {
            command.addAll(List.of(wish.listener(), wish.port(), wish.protocol(), wish.endpoint()));
        }
        ProcessBuilder builder = new ProcessBuilder(command);
        String[] fields = run(builder).split("\0", -1);
        Properties properties = new Properties();
        properties.putAll(original);
        if (fields[0].equals("changed")) {
            for (int i = 0; i < SETTINGS.length; i++) {
                properties.setProperty(SETTINGS[i], fields[3 + i]);
            }
        }
        return new Result(fields[0].equals("changed") ? "" : fields[1], fields[2], null, properties);
    }

    private static String run(ProcessBuilder builder) throws Exception {
        Process process = builder.redirectErrorStream(true).start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(20, TimeUnit.SECONDS) || process.exitValue() != 0) {
            throw new IOException(builder.command().get(0) + " failed: " + output);
        }
        return output;
    }
}
