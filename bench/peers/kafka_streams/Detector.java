import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/**
 * FinGuard's rules on Kafka Streams, with exactly_once_v2 and profiles in a persistent, logged store.
 *
 * <p>Kafka's transactions tie the input's offsets, the alerts and the store's changelog together, so
 * each event has its effects once as long as only Kafka is looked at.
 */
public final class Detector {
    private static final String STORE = "profiles";

    public static void main(String[] arguments) throws IOException {
        Map<String, String> env = System.getenv();
        ObjectMapper json = new ObjectMapper()
                .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);
        Map<String, Double> unitsPerUsd =
                json.readValue(env.get("BENCH_UNITS_PER_USD"), new TypeReference<>() {});
        KafkaStreams streams = new KafkaStreams(
                topology(env.get("BENCH_TOPIC"), env.get("BENCH_OUTPUT"), json, unitsPerUsd),
                settings(env));
        Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
        streams.start();
    }

    private static Topology topology(
            String input, String output, ObjectMapper json, Map<String, Double> unitsPerUsd) {
        return new Topology()
                .addSource("transactions", Serdes.String().deserializer(),
                        Serdes.ByteArray().deserializer(), input)
                .addProcessor("rules", () -> new Judge(json, new Rules(unitsPerUsd)), "transactions")
                // The cache spares RocksDB and the changelog all but a user's last state of a commit.
                .addStateStore(Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(STORE),
                        Serdes.String(), Profile.serde()).withCachingEnabled(), "rules")
                .addSink("alerts", output, Serdes.String().serializer(),
                        Serdes.ByteArray().serializer(), "rules");
    }

    private static Properties settings(Map<String, String> env) {
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, env.get("BENCH_GROUP"));
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, env.get("BENCH_KAFKA"));
        settings.put(StreamsConfig.STATE_DIR_CONFIG, env.get("BENCH_STATE"));
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG,
                env.getOrDefault("BENCH_STREAMS_COMMIT_MS", "1000"));
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG,
                env.getOrDefault("BENCH_STREAMS_THREADS", "2"));
        settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 256L << 20);
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 5000);
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG), 4 << 20);
        settings.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), 256 << 10);
        return settings;
    }

    private static final class Judge implements Processor<String, byte[], String, byte[]> {
        private final ObjectMapper json;
        private final Rules rules;
        private ProcessorContext<String, byte[]> context;
        private KeyValueStore<String, Profile> profiles;

        Judge(ObjectMapper json, Rules rules) {
            this.json = json;
            this.rules = rules;
        }

        @Override
        public void init(ProcessorContext<String, byte[]> context) {
            this.context = context;
            this.profiles = context.getStateStore(STORE);
        }

        @Override
        public void process(Record<String, byte[]> record) {
            try {
                Event event = json.readValue(record.value(), Event.class);
                Profile stored = profiles.get(event.userId());
                Profile profile = stored == null ? new Profile() : stored;
                for (Map<String, Object> alert : rules.assess(event, profile)) {
                    context.forward(record.withValue(json.writeValueAsBytes(alert)));
                }
                profiles.put(event.userId(), profile);
            } catch (IOException error) {
                throw new UncheckedIOException(error);
            }
        }
    }
}
