import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/** A user's recent transactions by channel, in event-time order, at most 16 each and 72 hours old. */
final class Profile {
    static final int MAX_COUNT = 16;
    static final long MAX_AGE_US = 72 * 3_600_000_000L;

    private static final Comparator<Past> BY_TIME =
            Comparator.comparingLong(Past::timeUs).thenComparing(Past::id);

    final List<Past> inPerson;
    final List<Past> online;

    Profile() {
        this(new ArrayList<>(), new ArrayList<>());
    }

    private Profile(List<Past> inPerson, List<Past> online) {
        this.inPerson = inPerson;
        this.online = online;
    }

    /** What history keeps of one transaction; flagged where its place was impossible to reach. */
    record Past(long timeUs, String id, double amount, String currency, double lat, double lon,
            double radiusKm, boolean flagged) {

        boolean placed() {
            return lat != 0 || lon != 0;
        }
    }

    void forgetBefore(long oldestUs) {
        for (List<Past> track : List.of(inPerson, online)) {
            while (!track.isEmpty() && track.get(0).timeUs() < oldestUs) {
                track.remove(0);
            }
        }
    }

    void remember(Past past, boolean isInPerson) {
        List<Past> track = isInPerson ? inPerson : online;
        int place = track.size();
        while (place > 0 && BY_TIME.compare(track.get(place - 1), past) > 0) {
            place--;
        }
        track.add(place, past);
        if (track.size() > MAX_COUNT) {
            track.remove(0);
        }
    }

    /** Compact binary, as whoever wants speed from a store would write it. */
    static Serde<Profile> serde() {
        return Serdes.serdeFrom((topic, profile) -> pack(profile), (topic, bytes) -> unpack(bytes));
    }

    private static byte[] pack(Profile profile) {
        if (profile == null) {
            return null;
        }
        ByteBuffer buffer = ByteBuffer.allocate(2 + (profile.inPerson.size() + profile.online.size()) * 320);
        for (List<Past> track : List.of(profile.inPerson, profile.online)) {
            buffer.put((byte) track.size());
            for (Past past : track) {
                buffer.putLong(past.timeUs()).putDouble(past.amount()).putDouble(past.lat());
                buffer.putDouble(past.lon()).putDouble(past.radiusKm());
                buffer.put((byte) (past.flagged() ? 1 : 0));
                put(buffer, past.id());
                put(buffer, past.currency());
            }
        }
        byte[] packed = new byte[buffer.position()];
        buffer.flip().get(packed);
        return packed;
    }

    private static Profile unpack(byte[] bytes) {
        if (bytes == null) {
            return null;
        }
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        return new Profile(track(buffer), track(buffer));
    }

    private static List<Past> track(ByteBuffer buffer) {
        int count = buffer.get();
        List<Past> track = new ArrayList<>(count + 1);
        for (int i = 0; i < count; i++) {
            long timeUs = buffer.getLong();
            double amount = buffer.getDouble();
            double lat = buffer.getDouble();
            double lon = buffer.getDouble();
            double radiusKm = buffer.getDouble();
            boolean flagged = buffer.get() == 1;
            track.add(new Past(timeUs, text(buffer), amount, text(buffer), lat, lon, radiusKm, flagged));
        }
        return track;
    }

    private static void put(ByteBuffer buffer, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        buffer.put((byte) bytes.length).put(bytes);
    }

    private static String text(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.get() & 0xFF];
        buffer.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
